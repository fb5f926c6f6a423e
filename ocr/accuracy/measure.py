"""Make a chunk's deck, read it as any scan is read, judge it, count; chunk after chunk until all is read."""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2

from ocr.accuracy.plan import Chunk, deck_command, deck_order
from ocr.accuracy.results import ChunkResult, Run
from ocr.accuracy.tally import answer_families, page_families, tally_answer, tally_page
from ocr.deck.build import build_deck
from ocr.deck.judge import UNAVOIDABLE, AnswerVerdict, Fate, PageVerdict, judge_deck
from ocr.deck.readings import ReadPage, as_read_page
from ocr.deck.truth import TruthPage
from ocr.pipeline import read_page
from ocr.source import iter_pages
from ocr.template import FormLibrary

_NO_SHEET = frozenset({Fate.NO_SHEET_REFUSED, Fate.NO_SHEET_READ})
_NAMED_PAGES = frozenset({Fate.REFUSED, Fate.MISIDENTIFIED, Fate.LOST, Fate.NO_SHEET_READ})
_GUESS = 1000  # accepted positions of a chunk that is still under way; only the order of chunks depends on it


def measure_chunk(chunk: Chunk, forms_dir: Path) -> ChunkResult:
    """Everything about one chunk; the deck is gone afterwards, its command makes it again."""
    cv2.setNumThreads(1)
    started = time.process_time()
    with tempfile.TemporaryDirectory(prefix="chamdiem-accuracy-") as folder:
        stack = build_deck(deck_order(chunk, forms_dir), Path(folder))
        readings = list(_read(stack.files, _library(forms_dir)))
    result = ChunkResult(chunk.profile, chunk.index)
    for verdict in judge_deck(readings, stack.truth):
        _count_page(result, chunk, verdict)
    result.seconds = time.process_time() - started
    return result


_libraries: dict[Path, FormLibrary] = {}


def _library(forms_dir: Path) -> FormLibrary:
    """One library a process: what it has rendered stays for all chunks."""
    return _libraries.setdefault(forms_dir, FormLibrary(forms_dir))


def _read(files: tuple[Path, ...], library: FormLibrary) -> Iterator[ReadPage]:
    for path in files:
        for page in iter_pages(path):
            yield as_read_page(read_page(page, library).reading)


def _count_page(result: ChunkResult, chunk: Chunk, verdict: PageVerdict) -> None:
    families = (f"dpi: {chunk.dpi}", *(page_families(verdict.page) if verdict.page else ()))
    counted = tally_page(verdict)
    result.total.add(counted)
    for name in families:
        result.family(name).add(counted)
    result.no_sheet += verdict.fate in _NO_SHEET
    result.no_sheet_read += verdict.fate is Fate.NO_SHEET_READ
    for answer in verdict.answers:
        _count_answer(result, families, verdict, answer)
    if verdict.fate in _NAMED_PAGES:
        result.pages.append(_page_detail(chunk, families, verdict))
    result.silent += [_answer_detail(chunk, families, verdict, answer) for answer in verdict.silent]


def _count_answer(
    result: ChunkResult, families: tuple[str, ...], page: PageVerdict, answer: AnswerVerdict
) -> None:
    counted = tally_answer(answer)
    result.total.add(counted)
    for name in (*families, *answer_families(answer)):
        result.family(name).add(counted)
    result.reliability.count(answer)
    if answer.review is None:
        return
    result.review[answer.review.value] += 1
    if answer.review not in UNAVOIDABLE:
        shown = answer.answer.flags if answer.answer else page.reading.flags if page.reading else ()
        result.reasons.update(flag.value for flag in shown)


def _page_detail(chunk: Chunk, families: tuple[str, ...], verdict: PageVerdict) -> dict[str, Any]:
    return {
        "fate": verdict.fate.value,
        "flags": sorted(flag.value for flag in verdict.reading.flags) if verdict.reading else [],
        "families": list(families),
        **_where(chunk, verdict.page),
    }


def _answer_detail(
    chunk: Chunk, families: tuple[str, ...], verdict: PageVerdict, answer: AnswerVerdict
) -> dict[str, Any]:
    asked = answer.asked
    return {
        "field": asked.code,
        "read": answer.read,
        "truth": list(asked.value) if isinstance(asked.value, tuple) else asked.value,
        "why": answer.why,
        "confidence": answer.answer.confidence if answer.answer else None,
        "style": asked.style,
        "event": asked.event,
        "visible": asked.visible,
        "contrast": asked.contrast,
        "families": list(families),
        **_where(chunk, verdict.page),
    }


def _where(chunk: Chunk, page: TruthPage | None) -> dict[str, Any]:
    """What finds the page again."""
    return {
        "form": chunk.quota.form,
        "profile": chunk.profile,
        "seed": chunk.seed,
        "chunk": chunk.index,
        "serial": page.serial if page else None,
        "page": page.page if page else None,
        "source": page.source if page else None,
        "page_index": page.page_index if page else None,
        "command": deck_command(chunk),
    }


class Schedule:
    """Which chunk comes next: that of the profile which lacks the largest share of its positions."""

    def __init__(self, run: Run) -> None:
        """Nothing is done yet; `add` what is."""
        self._run = run
        self._accepted = dict.fromkeys(run.wanted, 0)
        self._done: dict[str, set[int]] = {profile: set() for profile in run.wanted}
        self._under_way: dict[str, set[int]] = {profile: set() for profile in run.wanted}

    def add(self, result: ChunkResult) -> None:
        """A chunk was read."""
        self._accepted[result.profile] += result.total.positions_accepted
        self._done[result.profile].add(result.index)
        self._under_way[result.profile].discard(result.index)

    @property
    def complete(self) -> bool:
        """Every profile has all its positions."""
        return all(self._accepted[profile] >= count for profile, count in self._run.wanted.items())

    def take(self) -> Chunk | None:
        """The next chunk, which is under way from now on; None where nothing more is to be started."""
        progress = {profile: self._progress(profile) for profile in self._run.wanted}
        lacking = [profile for profile, share in progress.items() if share < 1]
        if not lacking:
            return None
        profile = min(lacking, key=lambda name: progress[name])
        taken = self._done[profile] | self._under_way[profile]
        index = next(i for i in range(len(taken) + 1) if i not in taken)
        self._under_way[profile].add(index)
        return self._run.chunk(profile, index)

    def _progress(self, profile: str) -> float:
        expected = self._accepted[profile] + _GUESS * len(self._under_way[profile])
        return expected / self._run.wanted[profile]


def measure(
    schedule: Schedule,
    forms_dir: Path,
    workers: int,
    deadline: float | None,
    keep: Callable[[ChunkResult], None],
) -> None:
    """Read chunk after chunk until all is read, or until the clock (`time.monotonic`) passes the deadline.

    Chunks that are under way at the deadline are finished and kept.
    """
    if workers <= 1:
        while _in_time(deadline) and (chunk := schedule.take()) is not None:
            result = measure_chunk(chunk, forms_dir)
            keep(result)
            schedule.add(result)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running: set[Future[ChunkResult]] = set()
        while True:
            while len(running) < workers and _in_time(deadline) and (chunk := schedule.take()) is not None:
                running.add(pool.submit(measure_chunk, chunk, forms_dir))
            if not running:
                return
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                keep(future.result())
                schedule.add(future.result())


def _in_time(deadline: float | None) -> bool:
    return deadline is None or time.monotonic() < deadline
