"""What reading costs, held against the floor: decoding the same pictures, which no reader can do without."""

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import pikepdf

from ocr.bench.stages import StageTimes, time_stages
from ocr.deck.build import build_deck
from ocr.deck.order import DeckOrder
from ocr.jpeg import decode_jpeg
from ocr.pipeline import ReadOptions, read_page
from ocr.source import iter_pages
from ocr.template import FormLibrary

_SEED = 4242
_WITH_PICTURES = ReadOptions(crops="doubtful", preview=True)
_KB_PER_MB = 1024


@dataclass(frozen=True, slots=True)
class BenchDeck:
    """Office scans of one resolution: one PDF, and the JPEG of each of its pages as it stands there."""

    path: Path
    dpi: int
    encoded: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds a page (median of the rounds), and the median of each round's ratio to the floor."""

    name: str
    ms_per_page: float
    ratio: float


@dataclass(frozen=True, slots=True)
class ManyPages:
    """So many pages read on and on: milliseconds for each of the last ones, and the process's peak so far."""

    pages: int
    ms_per_page: float
    peak_mb: float


def make_deck(forms_dir: Path, folder: Path, dpi: int, sheets: int) -> BenchDeck:
    """Print, fill in and scan sheets of CX4 into one PDF in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    order = DeckOrder(forms_dir, "CX4", 1, "DN", "19186", "xã Đại Trạch", sheets, _SEED, dpi=dpi)
    [path] = build_deck(order, folder).files
    return BenchDeck(path, dpi, _encoded(path))


def decode_floor_ms(paths: Sequence[Path], rounds: int) -> float:
    """Processor milliseconds a page of decoding these PDFs' JPEGs with OpenCV, median of the rounds."""
    encoded = [page for path in paths for page in _encoded(path)]
    spent = [_cpu_ms(lambda: _decode(encoded, _decode_with_opencv)) for _ in range(rounds)]
    return statistics.median(spent) / len(encoded)


def measure_costs(deck: BenchDeck, library: FormLibrary, rounds: int) -> list[Cost]:
    """Processor time of each kind of work; every round does all of them, so that they share its weather."""
    works: dict[str, Callable[[], None]] = {
        "decode with OpenCV: the floor": lambda: _decode(deck.encoded, _decode_with_opencv),
        "decode with the reader's decoder": lambda: _decode(deck.encoded, decode_jpeg),
        "file to grey pages": lambda: _load(deck.path),
        "read": lambda: read_deck(deck.path, library, ReadOptions()),
        "read, with crops and previews": lambda: read_deck(deck.path, library, _WITH_PICTURES),
    }
    for work in works.values():
        work()  # what is loaded once is loaded now
    spent = [{name: _cpu_ms(work) / len(deck.encoded) for name, work in works.items()} for _ in range(rounds)]
    floor = next(iter(works))
    return [
        Cost(
            name,
            statistics.median(s[name] for s in spent),
            statistics.median(s[name] / s[floor] for s in spent),
        )
        for name in works
    ]


def profile_reading(deck: BenchDeck, library: FormLibrary) -> StageTimes:
    """Read the deck, with crops and previews, under the profiler."""
    return time_stages(lambda: read_deck(deck.path, library, _WITH_PICTURES))


def read_deck(path: Path, library: FormLibrary, options: ReadOptions) -> None:
    """Read every page of a file, and let the readings go."""
    for page in iter_pages(path):
        read_page(page, library, options)


def pages_per_second(deck: BenchDeck, forms_dir: Path, processes: int, rounds: int) -> float:
    """Pages a second of the wall clock, while each process reads the whole deck; best of the rounds."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:

        def work() -> None:
            for done in [pool.submit(_read_in_child, deck.path, forms_dir) for _ in range(processes)]:
                done.result()

        work()
        spent = []
        for _ in range(rounds):
            start = time.perf_counter()
            work()
            spent.append(time.perf_counter() - start)
    return processes * len(deck.encoded) / min(spent)


def peak_memory_mb(path: Path, forms_dir: Path) -> float:
    """Peak resident memory of a fresh process that reads the file, in MB."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_peak_of_reading, path, forms_dir).result()


def read_many(deck: BenchDeck, forms_dir: Path, marks: Sequence[int]) -> list[ManyPages]:
    """Read the deck's file again and again in a fresh process, up to the last of `marks`, counts of pages."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_read_many, deck.path, forms_dir, marks).result()


def _encoded(path: Path) -> tuple[bytes, ...]:
    """The JPEG of each page of a scanned PDF."""
    with pikepdf.open(path) as pdf:
        pictures = [next(iter(dict(page.get_images()).values())) for page in pdf.pages]
        return tuple(bytes(picture.read_raw_bytes()) for picture in pictures)


def _decode(encoded: Sequence[bytes], decoder: Callable[[bytes], object]) -> None:
    for page in encoded:
        decoder(page)


def _decode_with_opencv(encoded: bytes) -> object:
    return cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)


def _load(path: Path) -> None:
    for _page in iter_pages(path):
        pass


def _cpu_ms(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


# What follows runs in child processes; a library is loaded once in each.
_libraries: dict[Path, FormLibrary] = {}


def _library(forms_dir: Path) -> FormLibrary:
    return _libraries.setdefault(forms_dir, FormLibrary(forms_dir))


def _read_in_child(path: Path, forms_dir: Path) -> None:
    read_deck(path, _library(forms_dir), ReadOptions())


def _peak_of_reading(path: Path, forms_dir: Path) -> float:
    read_deck(path, _library(forms_dir), _WITH_PICTURES)
    return _peak_mb()


def _peak_mb() -> float:
    """As the kernel counts it since the process began; `getrusage` would count its parent's memory too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / _KB_PER_MB


def _read_many(path: Path, forms_dir: Path, marks: Sequence[int]) -> list[ManyPages]:
    library = _library(forms_dir)
    pages = (page for again in cycle((path,)) for page in iter_pages(again))
    told, done = [], 0
    for mark in marks:
        start = time.process_time()
        for page in islice(pages, mark - done):
            read_page(page, library, _WITH_PICTURES)
        ms_per_page = (time.process_time() - start) * 1000 / (mark - done)
        told.append(ManyPages(mark, ms_per_page, _peak_mb()))
        done = mark
    return told
