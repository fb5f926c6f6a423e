"""Where readings go: standard output, or a file that changes only when all of them are there."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ocr.errors import OcrError
from ocr.model import PageReading
from ocr.reading.lines import write_readings
from ocr.reading.run import tell

Finish = Callable[[Iterable[PageReading]], list[PageReading]]

_SCAN_ENDINGS = {".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".png", ".heic", ".heif"}


def refuse_scan(out: Path, files: Sequence[Path]) -> None:
    """Raise OcrError where results would take the place of a scan."""
    is_input = out.exists() and any(file.exists() and file.samefile(out) for file in files)
    if is_input or out.suffix.lower() in _SCAN_ENDINGS:
        raise OcrError(f"--out {out} là tệp quét, kết quả sẽ ghi đè lên nó. Hãy ghi vào một tệp .jsonl.")


def write_output(readings: Iterable[PageReading], finish: Finish, out: Path | None) -> int:
    """Write all readings as they are once `finish` has seen the whole run; returns how many.

    Args:
        readings: as they come.
        finish: flags what only the whole run shows.
        out: a file, or None for standard output.
    """
    if out is None:
        return write_readings(finish(readings), sys.stdout)
    if out.exists() and not out.is_file():  # a pipe or a device: nothing that could be replaced
        with out.open("w", encoding="utf-8") as stream:
            return write_readings(finish(readings), stream)
    return _replace_file(readings, finish, out.resolve())


def _replace_file(readings: Iterable[PageReading], finish: Finish, out: Path) -> int:
    part = out.with_name(f"{out.name}.part")
    read: list[PageReading] = []
    try:
        _write_as_they_come(readings, read, part)
    except BaseException:
        if read:
            tell(f"Chưa đọc hết: {len(read)} trang đã đọc nằm trong {part}.")
        raise
    if not read and out.exists():
        part.unlink()
        tell(f"Không đọc được trang nào, {out} vẫn như cũ.")
        return 0
    with part.open("w", encoding="utf-8") as stream:
        write_readings(finish(read), stream)
    part.replace(out)
    return len(read)


def _write_as_they_come(readings: Iterable[PageReading], read: list[PageReading], part: Path) -> None:
    """Whatever ends the run, the pages that were read stand in `part`, and in `read`."""
    with part.open("w", encoding="utf-8") as stream:
        for reading in readings:
            write_readings([reading], stream)
            stream.flush()
            read.append(reading)
