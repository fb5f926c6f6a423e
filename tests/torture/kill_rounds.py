"""Kill rounds: people work, a process is killed at a random moment, all comes back, and nothing is lost.

Every round has its own dice, told by its number, so that it can be played again: `--first 17 --rounds 1`.
"""

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy.exc import OperationalError

from tests.postgres import PostgresServer, running_server
from tests.torture import roles
from tests.torture.account import count_undone, violations
from tests.torture.ledger import Ledger
from tests.torture.nursery import Nursery, open_nursery
from tests.torture.person import Person, Weather
from tests.torture.roles import OWN_COMPONENTS, Role, Shift, Stack, fake_scans
from tests.torture.site import Reader, Site, open_site
from tests.torture.worlds import end_of_year, open_for_work, print_more, real_scans
from tests.worlds.small import PASSWORD

TARGETS = {
    "sqlite": ("web", "worker", "readers", "everything"),
    "postgresql": ("web", "worker", "readers", "database", "everything"),
}
SCENES = ("work", "work", "work", "work", "work", "work", "work", "work", "publication", "real")
_MOST_BEFORE = {"work": 30, "real": 30, "publication": 5}  # acknowledgements before the kill
_AFTERWARDS = 4  # acknowledgements after it
_LONGEST_S = 0.4
_WORK_LIMIT_S = 60
_PAGES_A_FILE = 3
_SHEETS_A_ROUND = 15
_REAL_SHEETS = 40
_REAL_PAGES_A_FILE = 4
_REAL_FILES_A_ROUND = 2
_DRAIN_LIMIT_S = 90
_LOOK_EVERY_S = 0.05
_REAL_READER = Reader(page_s=None, lease_s=5)


@dataclass(frozen=True, slots=True)
class Round:
    """What is done: everything in it follows from the seed and the number.

    The kill comes `moment_s` after people were told for the `kill_after`-th time that something is done.
    """

    seed: int
    number: int
    database: str
    scene: str
    target: str
    kill_after: int
    moment_s: float
    down_s: float


@dataclass(slots=True)
class RoundReport:
    """What came of it: how long people waited, what was acknowledged, what is wrong (nothing)."""

    round: Round
    back_after_s: float = 0.0
    drained_after_s: float = 0.0
    took_s: float = 0.0
    acknowledged: dict[str, int] = field(default_factory=dict)
    broken_off: dict[str, int] = field(default_factory=dict)
    answers: dict[int, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)


Tell = Callable[[RoundReport], None]


def plan_rounds(seed: int, first: int, count: int, databases: tuple[str, ...]) -> list[Round]:
    """The rounds by number; databases and scenes come in turn, target and moment from the round's dice."""
    planned = []
    for number in range(first, first + count):
        database = databases[number % len(databases)]
        scene = SCENES[(number // len(databases)) % len(SCENES)]
        dice = random.Random(f"{seed}/{number}")
        has_worker = scene != "publication"
        targets = [name for name in TARGETS[database] if has_worker or name not in {"worker", "readers"}]
        target, kill_after = dice.choice(targets), dice.randrange(_MOST_BEFORE[scene])
        moment_s, down_s = (round(dice.uniform(0, _LONGEST_S), 3) for _ in range(2))
        planned.append(Round(seed, number, database, scene, target, kill_after, moment_s, down_s))
    return planned


def play_rounds(planned: list[Round], folder: Path, tell: Tell) -> None:
    """Play them, each on the standing site of its database and scene."""
    with ExitStack() as opened:
        server = None
        if any(each.database == "postgresql" for each in planned):
            server = opened.enter_context(running_server(options=""))  # with fsync, as an office has it
        nursery = opened.enter_context(open_nursery())
        stages: dict[tuple[str, str], Stage] = {}
        for each in planned:
            place = (each.database, each.scene)
            if place not in stages:
                site = _open(opened, folder / "-".join(place), each, server, nursery)
                stages[place] = opened.enter_context(closing(Stage(site, each.scene)))
            tell(stages[place].play(each))


def _open(
    opened: ExitStack, folder: Path, each: Round, server: PostgresServer | None, nursery: Nursery
) -> Site:
    reader = _REAL_READER if each.scene == "real" else Reader()
    return opened.enter_context(
        open_site(folder, server if each.database == "postgresql" else None, reader, nursery)
    )


class Stage:
    """A site that is played on round after round; what lives on from one into the next is part of it."""

    def __init__(self, site: Site, scene: str) -> None:
        """Fill the site and start it."""
        self.site = site
        self._has_worker = scene != "publication"
        self._people: dict[str, Person] = {}
        self._next_serial = 1
        self._scans = self._fill(scene)
        site.start_web()
        if self._has_worker:
            site.start_worker()
        site.wait_until_it_answers()

    def play(self, each: Round) -> RoundReport:
        """Work, kill, come back, work on, count."""
        began, report, ledger = time.monotonic(), RoundReport(each), Ledger()
        shift = Shift(ledger, f"{each.seed}/{each.number}")
        for username, role in self._tasks(each.scene):
            shift.begin(self._person(username), role)
        shift.wait_for(each.kill_after, _WORK_LIMIT_S)
        time.sleep(each.moment_s)
        killed_at = time.monotonic()
        self._kill(each.target)
        time.sleep(each.down_s)
        self._start_again()
        self.site.wait_until_it_answers()
        report.back_after_s = round(time.monotonic() - killed_at, 2)
        goes_on = shift.wait_for(ledger.total() + _AFTERWARDS, _WORK_LIMIT_S)
        shift.end()
        drained = self._drain()
        report.drained_after_s = round(time.monotonic() - killed_at, 2)
        stuck = [] if goes_on else ["people could not go on"]
        report.violations = [*shift.faults, *stuck, *drained, *violations(self.site, ledger)]
        report.acknowledged = ledger.counts()
        self._tell_weather(report)
        report.took_s = round(time.monotonic() - began, 2)
        return report

    def close(self) -> None:
        """Everybody goes home."""
        for person in self._people.values():
            person.hang_up()

    def _person(self, username: str) -> Person:
        """Who was here in the round before is still signed in, unless the program forgot."""
        return self._people.setdefault(username, Person(self.site.port, username, PASSWORD))

    def _tell_weather(self, report: RoundReport) -> None:
        broken, statuses = Counter[str](), Counter[int]()
        for person in self._people.values():
            broken.update(person.weather.broken)
            statuses.update(person.weather.statuses)
            person.weather = Weather()
        report.broken_off, report.answers = dict(broken), dict(statuses)

    def _fill(self, scene: str) -> Iterator[tuple[bytes, int]]:
        if scene == "publication":
            end_of_year(self.site)
            return iter(())
        open_for_work(self.site)
        if scene == "real":
            print_more(self.site, 1, _REAL_SHEETS)
            return iter(real_scans(_REAL_SHEETS, _REAL_PAGES_A_FILE))
        return iter(())

    def _tasks(self, scene: str) -> list[tuple[str, Role]]:
        if scene == "publication":
            return [("head", roles.publish), ("viewer", roles.read_results), ("unit-nv", roles.read_results)]
        scans: Iterator[tuple[bytes, int]] = itertools.islice(self._scans, _REAL_FILES_A_ROUND)
        if scene == "work":
            print_more(self.site, self._next_serial, _SHEETS_A_ROUND)
            scans = fake_scans(self._next_serial, _SHEETS_A_ROUND, _PAGES_A_FILE)
            self._next_serial += _SHEETS_A_ROUND
        stack = Stack(scans)
        units = ("unit-nv", "unit-19111", "unit-19186")
        return [
            ("clerk", partial(roles.hand_in, stack=stack)),
            ("reviewer", roles.review),
            ("reviewer2", roles.review),
            *((u, partial(roles.score_oneself, code=c)) for u, c in zip(units, OWN_COMPONENTS, strict=True)),
            ("head", roles.try_the_index),
        ]

    def _kill(self, target: str) -> None:
        """SIGKILL; what stood beside it finds out by itself."""
        if target in {"web", "everything"}:
            self.site.kill("web")
        if target == "worker":
            self.site.kill("worker-1", with_children=False)
        if target in {"readers", "everything"} and self._has_worker:
            self.site.kill("worker-1")
        if target in {"database", "everything"} and self.site.server is not None:
            self.site.server.kill()
            self.site.server.start()

    def _start_again(self) -> None:
        """What systemd does: whatever has ended is started."""
        if "web" not in self.site.running:
            self.site.start_web()
        if self._has_worker and "worker-1" not in self.site.running:
            self.site.start_worker()

    def _drain(self) -> list[str]:
        """Wait until nothing waits; nobody presses anything."""
        until = time.monotonic() + _DRAIN_LIMIT_S
        while (undone := self._count_undone()) and time.monotonic() < until:
            if self._has_worker and not self.site.running["worker-1"].is_running():
                return ["the worker ended by itself"]
            time.sleep(_LOOK_EVERY_S)
        return [f"{undone} files, pages and drafts are still undone"] if undone else []

    def _count_undone(self) -> int:
        try:
            with self.site.readers() as session:
                return count_undone(session)
        except OperationalError:  # the connection of before the kill
            return -1
