"""A run over many files: nothing is lost, whatever a page, a program or a person does."""

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ocr import pipeline
from ocr.cli import main
from ocr.errors import EngineFailed, EngineMissing, OcrError, TemplateInvalid
from ocr.model import Flag, PageQuality, PageReading, PageStatus, SheetIdentity
from ocr.reading.across_pages import flag_across_pages
from ocr.reading.run import ReadingPlan, read_files
from ocr.source import PageImage, iter_pages
from ocr.text import TesseractRecogniser
from tests.worlds.scanned_pages import FORMS, LIBRARY, Grey, answered, scanned


def _scan(path: Path, picture: Grey | None = None) -> Path:
    Image.fromarray(scanned(answered(1)) if picture is None else picture).save(path)
    return path


def _read(*arguments: Path | str) -> int:
    return main(["read", *map(str, arguments), "--forms", str(FORMS), "--workers", "1"])


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _written_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocr.pipeline.is_written", lambda *_: True)


# --- the file of results --------------------------------------------------------------------------


def test_no_scan_is_overwritten_by_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = _scan(tmp_path / "1.png"), _scan(tmp_path / "2.png")
    named = second.rename(tmp_path / "two")
    before = first.read_bytes(), named.read_bytes()
    assert _read(second, "--out", first) == OcrError.exit_code, "an ending of scans"
    assert _read(named, "--out", named) == OcrError.exit_code, "one of the inputs"
    assert (first.read_bytes(), named.read_bytes()) == before
    assert capsys.readouterr().err.count("ghi đè") == 2


def test_results_stay_where_no_page_was_read(tmp_path: Path) -> None:
    out = tmp_path / "readings.jsonl"
    out.write_text("yesterday's\n", encoding="utf-8")
    assert _read(tmp_path / "no.pdf", "--out", out) == 3
    assert out.read_text(encoding="utf-8") == "yesterday's\n"
    assert [path.name for path in tmp_path.iterdir()] == ["readings.jsonl"]


def test_what_an_ended_run_has_read_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scan, out, part = _scan(tmp_path / "1.png"), tmp_path / "readings.jsonl", tmp_path / "readings.jsonl.part"
    files = iter(range(2))

    def _ended_at_the_second(path: Path, pages: range) -> Iterator[PageImage]:
        if next(files) == 1:
            raise KeyboardInterrupt
        return iter_pages(path, pages=pages)

    out.write_text("yesterday's\n", encoding="utf-8")
    monkeypatch.setattr("ocr.reading.run.iter_pages", _ended_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        _read(scan, scan, "--out", out)
    assert [line["serial"] for line in _lines(part)] == ["00007-6"]
    assert out.read_text(encoding="utf-8") == "yesterday's\n"
    assert f"1 trang đã đọc nằm trong {part}" in capsys.readouterr().err
    monkeypatch.undo()
    assert _read(scan, scan, "--out", out) == 0
    assert len(_lines(out)) == 2
    assert not part.exists()


def test_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    out = tmp_path / "pipe"
    os.mkfifo(out)
    with subprocess.Popen(["cat", str(out)], stdout=subprocess.PIPE, text=True) as reader:
        assert _read(_scan(tmp_path / "1.png"), "--out", out) == 0
        written, _ = reader.communicate(timeout=60)
    assert written.count("\n") == 1
    assert out.is_fifo()


# --- pages that cannot be read --------------------------------------------------------------------


def test_an_odd_page_is_a_refused_page_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [_scan(tmp_path / f"{number}.png") for number in range(3)]

    def read_page(page: Any, *arguments: Any) -> Any:
        if page.source == "1.png" and page.grey.size:
            raise ValueError("odd")
        return pipeline.read_page(page, *arguments)

    monkeypatch.setattr("ocr.reading.run.read_page", read_page)
    assert _read(*files, "--out", tmp_path / "r.jsonl") == 0
    lines = _lines(tmp_path / "r.jsonl")
    assert [line["status"] for line in lines] == ["flagged", "refused", "flagged"]
    assert lines[1]["flags"] == ["poor_image"]
    assert "1.png, trang 1: không đọc được (ValueError)" in capsys.readouterr().err


def test_a_broken_library_is_told_and_every_page_has_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read_page(page: Any, *arguments: Any) -> Any:
        if page.grey.size:
            raise TemplateInvalid("mẫu hỏng")
        return pipeline.read_page(page, *arguments)

    monkeypatch.setattr("ocr.reading.run.read_page", read_page)
    tiff = tmp_path / "many.tif"
    page = Image.fromarray(scanned(answered(1))).resize((300, 400))
    page.save(tiff, save_all=True, append_images=[page] * 9)
    assert _read(tiff, "--out", tmp_path / "r.jsonl") == TemplateInvalid.exit_code
    assert [line["status"] for line in _lines(tmp_path / "r.jsonl")] == ["refused"] * 10
    told = capsys.readouterr().err
    assert told.count("mẫu hỏng") == 1
    assert "Xong: 10 trang, 1 tệp hỏng." in told, "files are counted, not parts of them"


def test_a_process_that_is_ended_from_outside_is_told(tmp_path: Path) -> None:
    files = [_scan(tmp_path / "1.png")] * 120
    readings = read_files(files, ReadingPlan(FORMS), 2, {})
    assert next(readings).status is PageStatus.READ
    for process in multiprocessing.active_children():
        process.kill()
    with pytest.raises(EngineFailed, match="tiến trình"):
        list(readings)


def test_a_killed_run_leaves_what_it_has_read_and_no_process(tmp_path: Path) -> None:
    scan, out, part = _scan(tmp_path / "1.png"), tmp_path / "r.jsonl", tmp_path / "r.jsonl.part"
    files = [str(scan)] * 400
    command = [sys.executable, "-m", "ocr", "read", *files, "--forms", str(FORMS), "--workers", "2"]
    with subprocess.Popen([*command, "--out", str(out)], stderr=subprocess.DEVNULL) as run_of_files:
        _wait(lambda: part.exists() and part.stat().st_size > 0)
        children = Path(f"/proc/{run_of_files.pid}/task/{run_of_files.pid}/children").read_text().split()
        run_of_files.kill()
    assert "00007-6" in part.read_text(encoding="utf-8")
    assert not out.exists()
    assert len(children) >= 2
    _wait(lambda: not any(_is_running(child) for child in children))


def _is_running(process: str) -> bool:
    """A dead process may still be listed, where nobody asks after it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.1)


# --- drafts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [EngineFailed("Tesseract hỏng."), EngineMissing("Chưa cài Tesseract.")])
def test_a_draft_that_fails_is_none_and_its_page_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OcrError
) -> None:
    def recognise(_self: object, _pictures: Sequence[Grey]) -> list[tuple[str, float]]:
        raise error

    _written_box(monkeypatch)
    monkeypatch.setattr(TesseractRecogniser, "recognise", recognise)
    monkeypatch.setattr("ocr.text.installed_languages", lambda: ("vie",))
    scan = _scan(tmp_path / "1.png", scanned(answered(2)))
    assert _read(scan, scan, "--drafts", "--out", tmp_path / "r.jsonl") == 0
    lines = _lines(tmp_path / "r.jsonl")
    assert [line["serial"] for line in lines] == ["00007-6"] * 2
    assert [(t["written"], t["draft"], t["confidence"]) for t in lines[0]["texts"]] == [(True, None, 0.0)]
    assert capsys.readouterr().err.count(str(error)) == 2


def test_drafts_without_tesseract_are_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocr.text.installed_languages", lambda: ("eng",))
    out = tmp_path / "r.jsonl"
    assert _read(_scan(tmp_path / "1.png"), "--drafts", "--out", out) == EngineMissing.exit_code
    assert not out.exists()


# --- what only a whole run shows ------------------------------------------------------------------


def _page(page: int, status: PageStatus = PageStatus.READ, rows: int = 0) -> PageReading:
    form, unit = ("CH1", "") if rows else ("CX4", "19186")
    identity = SheetIdentity(form, 1, "DN", unit, 50, page, rows)
    return PageReading("scan.pdf", 0, status, identity, (), PageQuality(10, 10))


def _flags(*readings: PageReading) -> list[tuple[Flag, ...]]:
    return [reading.flags for reading in flag_across_pages(readings, LIBRARY)]


def test_a_refused_page_does_not_count_as_read() -> None:
    refused = _page(2, PageStatus.REFUSED)
    missing, duplicate = (Flag.MISSING_PAGE,), (Flag.DUPLICATE_SHEET,)
    assert _flags(refused, _page(2), _page(1)) == [(), (), ()], "the only copy that was read is no duplicate"
    assert _flags(_page(1), refused) == [missing, ()]
    assert _flags(_page(1), _page(2), refused) == [(), (), duplicate]


def test_a_booklet_has_as_many_pages_as_its_rows_need() -> None:
    whole = [_page(number, rows=13) for number in range(1, 7)]
    assert _flags(*whole) == [()] * 6
    assert _flags(whole[1], whole[3]) == [(Flag.MISSING_PAGE,)] * 2
    unknown = replace(whole[1], identity=SheetIdentity("ZZ9", 1, "DN", "", 50, 2, 13))
    assert _flags(unknown) == [()]
