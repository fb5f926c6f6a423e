"""`python -m ocr read`: a line a page, in order, and no file stops another."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ocr.cli import main
from ocr.errors import ScanUnreadable
from ocr.model import Flag, PageQuality, PageReading, PageStatus, SheetIdentity
from ocr.reading.across_pages import flag_across_pages
from tests.worlds.scanned_pages import FORMS, LIBRARY, Grey, answered, scanned


def _pdf(path: Path, pages: list[Grey]) -> Path:
    first, *rest = [Image.fromarray(p) for p in pages]
    first.save(path, "PDF", save_all=True, append_images=rest, resolution=200.0, quality=85)
    return path


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_files_are_read_in_order_and_a_broken_one_stops_nothing(
    tmp_path: Path, workers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    back, front = scanned(answered(2)), scanned(answered(1))
    first = _pdf(tmp_path / "b.pdf", [back, front])
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4 nothing more")
    last = tmp_path / "a.tif"
    bilevel = Image.fromarray(scanned(answered(1, serial=8))).convert("1", dither=Image.Dither.NONE)
    bilevel.save(last, compression="group4")
    out = tmp_path / "readings.jsonl"
    command = ["read", str(first), str(broken), str(last), "--forms", str(FORMS), "--out", str(out)]
    code = main([*command, "--workers", workers])
    lines = _lines(out)
    assert code == ScanUnreadable.exit_code
    assert [(r["source"], r["page_index"], r["serial"], r["page"]) for r in lines] == [
        ("b.pdf", 0, "00007-6", 2),
        ("b.pdf", 1, "00007-6", 1),
        ("a.tif", 0, "00008-4", 1),
    ]
    assert [r["status"] for r in lines] == ["read", "read", "flagged"]
    assert lines[2]["flags"] == ["missing_page"]
    told = capsys.readouterr().err
    assert told.count("broken.pdf") == 1
    assert "Xong: 3 trang, 1 tệp hỏng." in told


def test_a_line_holds_what_is_documented(tmp_path: Path) -> None:
    out = tmp_path / "readings.jsonl"
    pdf = _pdf(tmp_path / "s.pdf", [scanned(answered(1))])
    assert main(["read", str(pdf), "--forms", str(FORMS), "--out", str(out), "--workers", "1"]) == 0
    (line,) = _lines(out)
    assert line["schema"] == "chamdiem-reading/1"
    assert list(line) == [
        *("schema", "source", "page_index", "status", "form", "version", "group", "unit", "serial", "page"),
        "rows",
        *("flags", "quality", "fields", "texts", "engine", "template_sha256", "thresholds"),
    ]
    field = line["fields"][0]
    assert list(field) == ["code", "value", "confidence", "accepted", "flags", "bubbles"]
    assert (field["code"], field["value"], field["accepted"]) == ("doi_tuong", "2", True)
    assert [b["state"] for b in field["bubbles"]] == ["empty", "filled", "empty", "empty"]


def test_a_missing_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "readings.jsonl"
    code = main(
        ["read", str(tmp_path / "no.pdf"), "--forms", str(FORMS), "--out", str(out), "--workers", "1"]
    )
    assert code != 0
    assert "no.pdf" in capsys.readouterr().err
    assert _lines(out) == []


def test_an_empty_library_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "x.pdf", "--forms", str(tmp_path)]) != 0
    assert "mẫu phiếu" in capsys.readouterr().err


def _reading(serial: int, page: int) -> PageReading:
    identity = SheetIdentity("CX4", 1, "DN", "19186", serial, page)
    return PageReading("scan.pdf", 0, PageStatus.READ, identity, (), PageQuality(10, 10))


def test_a_page_scanned_twice_and_a_lone_side_are_flagged() -> None:
    run = [_reading(1, 1), _reading(1, 2), _reading(2, 1), _reading(1, 1)]
    flagged = flag_across_pages(run, LIBRARY)
    assert [r.flags for r in flagged] == [(), (), (Flag.MISSING_PAGE,), (Flag.DUPLICATE_SHEET,)]
    assert [r.status for r in flagged] == [PageStatus.READ] * 2 + [PageStatus.FLAGGED] * 2


def test_a_blank_page_is_drawn(tmp_path: Path) -> None:
    out = tmp_path / "cx4.png"
    assert (
        main(
            [
                "render",
                "--form",
                "CX4",
                "--page",
                "2",
                "--dpi",
                "50",
                "--out",
                str(out),
                "--forms",
                str(FORMS),
            ]
        )
        == 0
    )
    with Image.open(out) as picture:
        assert picture.size == (413, 585)


def test_the_doctor_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--forms", str(tmp_path)]) != 0
    told = capsys.readouterr().err
    assert "THIẾU Phông chữ" in told
    assert "THIẾU Mẫu phiếu" in told
    main(["doctor", "--forms", str(FORMS)])
    assert "ĐƯỢC  Mẫu phiếu" in capsys.readouterr().err
