"""The short form of `make accuracy`: a small plan through the same code, stopped once and carried on."""

from collections import Counter
from pathlib import Path

import pytest

from ocr.accuracy.measure import Schedule, measure
from ocr.accuracy.plan import run_seed
from ocr.accuracy.report import write_report
from ocr.accuracy.results import ChunkResult, ResultsFile, ResultsInvalid, Run
from ocr.accuracy.summary import Summary, summarise
from ocr.accuracy.tally import Tally
from tests.worlds.scanned_pages import FORMS

COMMIT = "7f235d7bcba90bc3af98dba59ef74250c06b9070"
WANTED = {"office": 1500, "rough": 300}
RUN = Run(COMMIT, "short", run_seed(COMMIT, "short"), "", WANTED, sheets_per_chunk=4, rehearsal=True)

pytestmark = pytest.mark.slow


class Killed(Exception):
    """What ends the first attempt."""


def _go_on(results: ResultsFile, chunks: int | None = None) -> None:
    """Read on where the file ends; a kill after some chunks leaves half a line behind."""
    results.cut_torn_line()
    schedule = Schedule(results.run())
    for result in results.results():
        schedule.add(result)
    kept: list[ChunkResult] = []

    def keep(result: ChunkResult) -> None:
        results.append(result)
        kept.append(result)
        if len(kept) == chunks:
            with results.path.open("a", encoding="utf-8") as out:
                out.write('{"profile": "off')
            raise Killed

    measure(schedule, FORMS, 1, None, keep)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> ResultsFile:
    """A run that was killed after three chunks and carried on."""
    file = ResultsFile(tmp_path_factory.mktemp("accuracy") / "run.jsonl")
    file.start(RUN)
    with pytest.raises(Killed):
        _go_on(file, 3)
    assert not summarise_whole(file).complete
    _go_on(file)
    return file


def summarise_whole(file: ResultsFile) -> Summary:
    """The sum of what the file holds, without its torn line."""
    file.cut_torn_line()
    return summarise(file)


def test_no_silent_error_in_the_office(results: ResultsFile) -> None:
    summary = summarise(results)
    assert summary.complete
    assert summary.profiles["office"].silent == []
    assert summary.profiles["office"].total.misidentified == 0
    assert summary.profiles["office"].total.positions_accepted >= WANTED["office"]


def test_a_killed_run_reads_every_chunk_once_and_in_turn(results: ResultsFile) -> None:
    for profile in WANTED:
        indexes = [result.index for result in results.results() if result.profile == profile]
        assert indexes == list(range(len(indexes)))


def test_the_same_chunk_again_gives_the_same_counts(results: ResultsFile) -> None:
    first = next(result for result in results.results() if result.profile == "rough")
    run = Run(COMMIT, "short", RUN.seed, "", {"rough": 1}, 4, rehearsal=True)
    again: list[ChunkResult] = []
    measure(Schedule(run), FORMS, 1, None, again.append)
    (chunk,) = again
    assert (chunk.total, chunk.families) == (first.total, first.families)
    assert chunk.reliability.as_json() == first.reliability.as_json()


def test_a_deadline_that_has_passed_reads_nothing() -> None:
    kept: list[ChunkResult] = []
    measure(Schedule(RUN), FORMS, 1, 0.0, kept.append)
    assert kept == []


def test_the_numbers_add_up(results: ResultsFile) -> None:
    for result in summarise(results).profiles.values():
        total = result.total
        assert total.answers == total.accepted + total.reviewed
        assert total.reviewed == sum(result.review.values())
        assert total.silent == len(result.silent)
        assert total.refused + total.misidentified + total.lost <= len(result.pages)
        for subject in ("form", "dpi", "kind", "event"):
            whole = Tally()
            for name, tally in result.families.items():
                if name.startswith(f"{subject}: "):
                    whole.add(tally)
            assert (whole.answers, whole.accepted, whole.avoidable, whole.silent) == (
                total.answers,
                total.accepted,
                total.avoidable,
                total.silent,
            )
        counted = sum(band.answers for band in result.reliability.accepted)
        assert counted == total.accepted
        assert sum(band.answers - band.right for band in result.reliability.accepted) == total.silent


def test_the_report_says_what_was_measured(results: ResultsFile, tmp_path: Path) -> None:
    summary = summarise(results)
    write_report(summary, 3, tmp_path / "accuracy.md")
    text = (tmp_path / "accuracy.md").read_text("utf-8")
    office = summary.profiles["office"].total
    assert "This is a rehearsal" in text
    assert "This run is partial" not in text
    assert "| full runs started so far, this one included | 3 (" in text
    assert f"{office.accepted:,} of them accepted: {office.positions_accepted:,} accepted positions" in text
    assert "| wrong positions, office | 1 in 500,000 in at least 1,497,865 | 0 |" in text
    for family in ("form: CX4", "pen: blue", "style: fill", "event: plain"):
        assert f"| {family} |" in text
    assert (tmp_path / "accuracy-reliability.svg").read_text("utf-8").startswith("<svg")


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"schema": "chamdiem-truth/1"}\n', "utf-8")
    with pytest.raises(ResultsInvalid):
        ResultsFile(other).run()
    assert Counter() == Counter(result.profile for result in ResultsFile(other).results())
