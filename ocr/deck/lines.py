"""Files of JSON lines, with the name and number of a line that is wrong."""

from collections.abc import Iterator
from pathlib import Path

from ocr.errors import OcrError


class LinesUnreadable(OcrError):
    """A file of JSON lines cannot be opened, or is no UTF-8 text."""

    code = "lines_unreadable"
    exit_code = 3


def numbered_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Every line that is not empty, with its place for a message.

    Raises:
        LinesUnreadable: the file cannot be opened, or is no text.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield line, f"{path.name}, dòng {number}"
    except (OSError, UnicodeDecodeError) as error:
        raise LinesUnreadable(f"Không đọc được {path}: {error}.") from error
