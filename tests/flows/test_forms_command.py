"""`chamdiem forms`: the same print from the command line, and what it says when it cannot."""

import shutil
from pathlib import Path

import pikepdf
import pytest

from ocr.layout import read_layout
from ocr.template import FormLibrary
from webapp.cli import main
from webapp.cli.forms import FORMS_DIR


def test_print_writes_sheets_and_their_layout(tmp_path: Path) -> None:
    out, layout = tmp_path / "sheets.pdf", tmp_path / "layout.json"
    command = f"forms print --form CX4 --group DN --unit 19186 --count 30 --out {out} --layout {layout}"
    assert main(command.split()) == 0
    with pikepdf.open(out) as pdf:
        assert len(pdf.pages) == 60
    assert read_layout(layout) == FormLibrary(FORMS_DIR).layout("CX4", 1)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("--form CX9 --unit 19186", "Không có mẫu phiếu CX9"),
        ("--form CX1 --unit 19186", "--group DB hoặc LD"),
        ("--form CX4 --unit 19186 --group XX", "không có nhóm trả lời XX"),
        ("--form CX4 --unit NV", "ghi rõ --unit-name"),
        ("--form CX4 --unit xã --unit-name xã", "Không lập được mã"),
        ("--form CX4 --unit 19186 --count 0", "từ 1 trở lên"),
    ],
)
def test_what_cannot_be_printed_is_told_in_one_line(
    arguments: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sheets.pdf"
    assert main(["forms", "print", *arguments.split(), "--out", str(out)]) > 0
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_check_goes_through_every_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forms", "check"]) == 0
    assert capsys.readouterr().out.count("đúng") == len(FormLibrary(FORMS_DIR).codes())


def test_a_new_version_gets_its_layout_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forms = tmp_path / "forms"
    shutil.copytree(FORMS_DIR, forms)
    version = forms / "CX4" / "v2"
    shutil.copytree(forms / "CX4" / "v1", version)
    (version / "layout.json").unlink()
    text = (version / "form.toml").read_text(encoding="utf-8")
    (version / "form.toml").write_text(text.replace("version = 1", "version = 2"), encoding="utf-8")
    at = ["forms", "--forms-dir", str(forms)]
    assert main([*at, "check"]) > 0
    assert "layout.json" in capsys.readouterr().err
    assert main([*at, "set", "--form", "CX4", "--version", "2"]) == 0
    assert main([*at, "check"]) == 0
    assert main([*at, "set", "--form", "CX4", "--version", "2"]) > 0
    assert "đã có" in capsys.readouterr().err
    assert FormLibrary(forms).latest("CX4").version == 2
