"""The glossary knows every flag."""

from pathlib import Path

from ocr.model import Flag

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"


def test_every_flag_is_explained() -> None:
    rows = GLOSSARY.read_text(encoding="utf-8").splitlines()
    explained = {row.split("`")[1] for row in rows if row.startswith("| `")}
    assert explained == {flag.value for flag in Flag}
