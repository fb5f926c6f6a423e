"""The plan to internet scale: provinces that scan for four days, machines that read, people who look.

A simulation minute by minute, from figures that are measured elsewhere (docs/bench.md, docs/torture.md): how
long pages wait with so many machines, and which part of the whole is the first to be too small.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

MINUTES_A_DAY = 24 * 60
_EARLY, _LATE = 7 * 60, 17 * 60  # an office scans from seven to five
_BUSY_HOURS = {9: 2.0, 10: 2.0, 15: 2.0, 16: 2.0, 11: 0.5, 12: 0.25, 13: 0.5}  # of an even hour's pages


@dataclass(frozen=True, slots=True)
class Measured:
    """What one page costs. `read_s`: processor seconds; `database_s`: of one connection's waiting time."""

    read_s: float = 0.09
    database_s: float = 0.024
    stored_mb: float = 0.25
    doubtful_answers: float = 0.6
    look_s: float = 2.0
    request_s: float = 0.015


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done, and with what: all over the country, in one installation or one a province."""

    provinces: int = 63
    pages: int = 10_000_000
    days: int = 4
    cores_a_machine: int = 8
    machines: int = 4
    database_writers: int = 8
    reviewers: int = 600
    reviewer_hours: float = 8.0
    costs: Measured = field(default_factory=Measured)

    @property
    def machine_pages_a_minute(self) -> float:
        """What one reading machine does."""
        return 60 * self.cores_a_machine / self.costs.read_s

    @property
    def database_pages_a_minute(self) -> float:
        """What the database takes down."""
        return 60 * self.database_writers / self.costs.database_s

    @property
    def reviewed_pages_a_minute(self) -> float:
        """What all reviewers settle while they work."""
        return 60 * self.reviewers / (self.costs.look_s * self.costs.doubtful_answers)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the simulation came to; waits in minutes from the scanner to the reading."""

    longest_wait_min: float
    mean_wait_min: float
    read_after_h: float
    busiest_pages_s: float
    database_share: float
    review_days: float
    stored_tb: float
    core_hours: float


def simulate(plan: Plan) -> Outlook:
    """Let the pages come, minute by minute, until all are read; first come, first served."""
    rate = min(plan.machines * plan.machine_pages_a_minute, plan.database_pages_a_minute)
    waiting = waited = longest = 0.0
    minute = 0
    arrivals = list(arrivals_a_minute(plan))
    while minute < len(arrivals) or waiting > 1e-6:
        waiting += arrivals[minute] if minute < len(arrivals) else 0.0
        waiting -= min(waiting, rate)
        waited += waiting
        longest = max(longest, waiting / rate)
        minute += 1
    busiest = max(arrivals) / 60
    review_minutes = plan.pages / plan.reviewed_pages_a_minute
    return Outlook(
        longest_wait_min=longest,
        mean_wait_min=waited / plan.pages,
        read_after_h=minute / 60,
        busiest_pages_s=busiest,
        database_share=min(busiest, rate / 60) * 60 / plan.database_pages_a_minute,
        review_days=review_minutes / 60 / plan.reviewer_hours,
        stored_tb=plan.pages * plan.costs.stored_mb / 1e6,
        core_hours=plan.pages * plan.costs.read_s / 3600,
    )


def arrivals_a_minute(plan: Plan) -> Iterator[float]:
    """Pages that come in each minute of the days, all provinces together: the same hours everywhere."""
    weights = [_BUSY_HOURS.get(minute // 60, 1.0) for minute in range(_EARLY, _LATE)]
    a_day = plan.pages / plan.days
    for _day in range(plan.days):
        for minute in range(MINUTES_A_DAY):
            inside = _EARLY <= minute < _LATE
            yield a_day * weights[minute - _EARLY] / sum(weights) if inside else 0.0


def fewest_machines(plan: Plan, longest_wait_min: float) -> int | None:
    """How many machines keep every page's wait below that; None where the database is too slow for any."""
    busiest = max(arrivals_a_minute(plan))
    for machines in range(1, math.ceil(busiest / plan.machine_pages_a_minute) + 2):
        if simulate(replace(plan, machines=machines)).longest_wait_min <= longest_wait_min:
            return machines
    return None


def fewest_reviewers(plan: Plan, days: float) -> int:
    """How many people settle all doubtful answers within so many days."""
    seconds = plan.pages * plan.costs.doubtful_answers * plan.costs.look_s
    return math.ceil(seconds / (days * plan.reviewer_hours * 3600))


def table(plan: Plan, waits_min: Sequence[float]) -> Iterator[str]:
    """The plan in Markdown: machines for each longest wait, then what is the first to be too small."""
    yield "| every page is read within | machines | cores | database | mean wait |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for wait_min in waits_min:
        machines = fewest_machines(plan, wait_min)
        if machines is None:
            yield f"| {_words(wait_min)} | no number: the database is too slow | | | |"
            continue
        found = simulate(replace(plan, machines=machines))
        cores = machines * plan.cores_a_machine
        share, mean = f"{found.database_share:.0%}", f"{found.mean_wait_min:.1f} min"
        yield f"| {_words(wait_min)} | {machines} | {cores} | {share} busy | {mean} |"
    yield ""
    yield from _totals(plan)


def _totals(plan: Plan) -> Iterator[str]:
    found, people = simulate(plan), fewest_reviewers(plan, plan.days)
    costs = plan.costs
    web_cores = people / costs.look_s * costs.request_s
    yield f"At the busiest minute {found.busiest_pages_s:,.0f} pages a second come in."
    yield f"Reading costs {found.core_hours:,.0f} core hours, and {found.stored_tb:.1f} TB are kept."
    yield (
        f"{costs.doubtful_answers:g} doubtful answers a page at {costs.look_s:g} s each take {people:,} "
        f"people for {plan.days} days, {people / plan.provinces:.1f} a province; at their pace they keep "
        f"{web_cores:.1f} cores of web processes busy."
    )


def _words(minutes: float) -> str:
    return f"{minutes:g} min" if minutes < 60 else f"{minutes / 60:g} h"
