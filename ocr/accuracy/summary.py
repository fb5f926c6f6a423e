"""A run summed up: per profile and in all, with the targets and whether they are met."""

from collections.abc import Iterable
from dataclasses import dataclass

from ocr.accuracy.results import ChunkResult, ResultsFile, Run
from ocr.deck.bounds import Rate, rate

OFFICE = "office"
HARD = ("rough", "photo", "odd")
_OFFICE_POSITIONS = 1_497_865
_OFFICE_BOUND = 1 / 500_000
_HARD_POSITIONS = 500_000
_HARD_BOUND = 1 / 100_000
_REVIEW = {"office": 0.02, "rough": 0.15, "photo": 0.05}
_REFUSED = 1 / 500


@dataclass(frozen=True, slots=True)
class Target:
    """One promise: `met` is None where nothing was measured. `limit` is a share, `needed` a least total."""

    name: str
    rate: Rate
    limit: float
    needed: int
    met: bool | None


@dataclass(frozen=True, slots=True)
class Summary:
    """A run with the sums of its chunks."""

    run: Run
    profiles: dict[str, ChunkResult]

    @property
    def complete(self) -> bool:
        """Every profile has the positions that were wanted of it."""
        return all(
            self.profiles[name].total.positions_accepted >= count for name, count in self.run.wanted.items()
        )

    @property
    def sound(self) -> bool:
        """No silent error, no page taken for another, none lost, no sheet invented."""
        total = self.over(self.profiles)
        return not (total.silent or total.total.misidentified or total.total.lost or total.no_sheet_read)

    def over(self, names: Iterable[str]) -> ChunkResult:
        """Some profiles together."""
        together = ChunkResult(" + ".join(names), -1)
        for name in names:
            together.add(self.profiles.get(name, ChunkResult(name, -1)))
        return together

    def targets(self) -> list[Target]:
        """Every promise, in the order in which it is made."""
        office, hard = self.over([OFFICE]), self.over(HARD)
        everything = self.over(self.profiles)
        return [
            _bounded("wrong positions, office", wrong_positions(office), _OFFICE_BOUND, _OFFICE_POSITIONS),
            _bounded(
                "wrong positions, rough + photo + odd", wrong_positions(hard), _HARD_BOUND, _HARD_POSITIONS
            ),
            *(_measured(f"review, {name}", review(self.over([name])), at) for name, at in _REVIEW.items()),
            _measured("pages refused, office", refused_pages(office), _REFUSED),
            _measured("pages read as another sheet, all", misidentified_pages(everything), 0.0),
            _measured("paper without a sheet that was read, all", invented_pages(everything), 0.0),
            _measured("pages without any reading, all", lost_pages(everything), 0.0),
        ]

    def in_words(self) -> str:
        """One sentence for the log of runs."""
        parts = []
        for name, result in self.profiles.items():
            total = result.total
            parts.append(f"{name}: {total.silent} silent errors in {total.positions_accepted:,} positions")
        missed = [target.name for target in self.targets() if not target.met]
        return "; ".join(parts) + "; " + (f"missed: {', '.join(missed)}" if missed else "all targets met")


def summarise(results: ResultsFile) -> Summary:
    """Sum a results file up."""
    run = results.run()
    profiles = {name: ChunkResult(name, -1) for name in run.wanted}
    for result in results.results():
        profiles[result.profile].add(result)
    return Summary(run, profiles)


def _bounded(name: str, measured: Rate, limit: float, needed: int) -> Target:
    """Met if enough was read and even the 95 % bound is within the limit."""
    met = None
    if measured.upper_95 is not None:
        met = measured.total >= needed and measured.upper_95 <= limit
    return Target(name, measured, limit, needed, met)


def _measured(name: str, measured: Rate, limit: float) -> Target:
    """Met if the share that was measured is within the limit."""
    return Target(name, measured, limit, 0, None if measured.share is None else measured.share <= limit)


def wrong_positions(result: ChunkResult) -> Rate:
    """Bubbles accepted as the opposite of what they are, among all accepted; an invented answer is one."""
    wrong = max(result.total.positions_wrong, result.total.silent)
    return rate(wrong, max(result.total.positions_accepted, wrong))


def silent_errors(result: ChunkResult) -> Rate:
    """Answers accepted and wrong, among all accepted."""
    return rate(result.total.silent, max(result.total.accepted, result.total.silent))


def pages_with_error(result: ChunkResult) -> Rate:
    """Pages with at least one silent error, among pages that were read."""
    read = result.total.pages - result.total.refused - result.total.lost
    return rate(result.total.pages_wrong, max(read, result.total.pages_wrong))


def review(result: ChunkResult) -> Rate:
    """Answers shown to a person beyond true blanks, doubles and corrections, among all that were asked."""
    return rate(result.total.avoidable, result.total.answers)


def refused_pages(result: ChunkResult) -> Rate:
    """Pages with a sheet that were refused."""
    return rate(result.total.refused, result.total.pages)


def misidentified_pages(result: ChunkResult) -> Rate:
    """Pages counted for another sheet, side, form or unit."""
    return rate(result.total.misidentified, result.total.pages)


def invented_pages(result: ChunkResult) -> Rate:
    """White or strange paper that was read as a sheet."""
    return rate(result.no_sheet_read, result.no_sheet)


def lost_pages(result: ChunkResult) -> Rate:
    """Scanned pages of which there is no reading."""
    return rate(result.total.lost, result.total.pages)
