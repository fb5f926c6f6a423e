"""Pictures of a PDF's pages, drawn by poppler in a process of its own with limits on time and memory.

The web process never opens the document itself: a hostile file can only kill the small program that draws it.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import BoundedSemaphore

from webapp.errors import InvalidInput

MAX_PAGES = 40
LONG_SIDE_PX = 1754  # 150 dpi of A4: small print stays readable
TIME_LIMIT_S = 20
MAX_AT_ONCE = 2  # PDFs drawn at once by one process: more would take the cores from everybody else
WAIT_LIMIT_S = 15
_MEMORY_LIMIT_BYTES = 1_500_000_000
_LIMITS = ("prlimit", f"--as={_MEMORY_LIMIT_BYTES}", f"--cpu={TIME_LIMIT_S}")
_PAGES_LINE = re.compile(r"^Pages:\s+(\d+)", re.MULTILINE)
_JPEG_END = b"\xff\xd9"
_places = BoundedSemaphore(MAX_AT_ONCE)


@contextmanager
def drawing_place(name: str) -> Iterator[None]:
    """One of the few places at which this process looks into a PDF; wait for it, within a limit.

    Raises:
        InvalidInput: none became free; nothing of the document was looked at.
    """
    if not _places.acquire(timeout=WAIT_LIMIT_S):
        raise InvalidInput(
            "Máy đang vẽ trang của nhiều tệp nên chưa nhận “%(name)s”. Những gì đã nhập vẫn còn;"
            " đợi một phút rồi tải lại tệp này.",
            name=name,
        )
    try:
        yield
    finally:
        _places.release()


def count_pages(path: Path, name: str) -> int:
    """How many pages the PDF has.

    Raises:
        InvalidInput: it is locked by a password, or broken.
    """
    try:
        answer = _run(["pdfinfo", str(path)])
    except subprocess.TimeoutExpired:
        raise _broken(name) from None
    pages = _PAGES_LINE.search(answer.stdout.decode("utf-8", "replace"))
    if b"Incorrect password" in answer.stderr:
        raise InvalidInput("Tệp “%(name)s” có mật khẩu. Mở tệp, bỏ mật khẩu, rồi tải lại.", name=name)
    if answer.returncode != 0 or pages is None or int(pages[1]) == 0:
        raise _broken(name)
    return int(pages[1])


def draw_pages(path: Path, page_count: int) -> list[bytes]:
    """JPEG pictures of the first pages, in order; fewer (or none) where drawing takes too long or fails."""
    with tempfile.TemporaryDirectory(prefix="chamdiem-pages-") as folder:
        last = min(page_count, MAX_PAGES)
        size = ["-jpeg", "-jpegopt", "quality=80", "-scale-to", str(LONG_SIDE_PX)]
        with suppress(subprocess.TimeoutExpired):  # the pages that were finished in time are kept
            _run(["pdftoppm", *size, "-f", "1", "-l", str(last), str(path), f"{folder}/p"])
        return _whole_pictures(Path(folder))


def _whole_pictures(folder: Path) -> list[bytes]:
    """Pages without a gap from the first one on: the nth picture must be the nth page."""
    pictures = {int(file.stem.rsplit("-", 1)[1]): file.read_bytes() for file in folder.glob("p-*.jpg")}
    whole: list[bytes] = []
    while (picture := pictures.get(len(whole) + 1, b"")).endswith(_JPEG_END):
        whole.append(picture)
    return whole


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*_LIMITS, *command], capture_output=True, timeout=TIME_LIMIT_S, check=False, stdin=subprocess.DEVNULL
    )


def _broken(name: str) -> InvalidInput:
    return InvalidInput(
        "Tệp PDF “%(name)s” bị hỏng, không mở được trang nào. Hãy lưu lại tệp gốc thành PDF rồi tải lên.",
        name=name,
    )
