"""Load: two hundred people signed in over the network, each with the first page open, while a batch is read.

Everybody has a pace of their own: a reviewer at full speed, an officer whose draft is saved as they type, a
head who goes from page to page. How long each kind of request takes is measured where people are: from the
first byte sent to the last one read. What is kept is compared with what was acknowledged.
"""

import math
import random
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from tests.torture.account import count_undone, violations
from tests.torture.ledger import HandedIn, Ledger, Said, sha256_of
from tests.torture.person import Answer, NoAnswer, Person, Weather
from tests.torture.site import Site
from tests.torture.worlds import Crowd, crowded_office
from tests.worlds.small import PASSWORD

_ITEM = re.compile(r'data-renew="/ra-soat/o/(\d+)/giu')
_REVISION = re.compile(r'name="seen_revision"[^>]* value="(-?\d+)"')
_SEEN = re.compile(r'hx-get="(/tien-do\?[^"]*seen=\w+)"')
_COMPONENTS = ("1.1.1", "1.1.2", "1.2.1", "1.3.1", "1.4.1", "1.5.1")  # of both levels
_POLL_S = {"reviewer": 2.5, "unit": 10.0, "head": 2.5}  # as their first pages ask
_PACE_S = {"reviewer": 1.0, "unit": 5.0, "head": 5.0}
_PAGES = {
    "unit": ("/", "/tu-cham", "/ket-qua"),
    "head": ("/", "/chi-so", "/ra-soat/nguoi", "/ket-qua", "/nhat-ky"),
}


@dataclass
class Times:
    """Seconds that each kind of request took, all people together."""

    by_kind: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def measure(self, kind: str, ask: Callable[[], Answer]) -> Answer:
        """Do it and note how long it took."""
        began = time.perf_counter()
        answer = ask()
        self.by_kind[kind].append(time.perf_counter() - began)
        return answer

    def table(self) -> dict[str, dict[str, float]]:
        """Of each kind how many, and p50, p95 and p99 in ms."""
        return {kind: _quantiles(sorted(times)) for kind, times in sorted(self.by_kind.items())}


@dataclass(slots=True)
class LoadReport:
    """What one run came to."""

    database: str
    people: int
    reading_pages: int
    seconds: float
    pages_read: int
    requests: int
    times_ms: dict[str, dict[str, float]]
    statuses: dict[int, int]
    broken_off: dict[str, int]
    acknowledged: dict[str, int]
    violations: list[str]


@dataclass
class _Desk:
    """One person at work in the crowd."""

    person: Person
    times: Times
    ledger: Ledger
    stop: threading.Event
    dice: random.Random
    poll_at: float = 0.0
    dashboard: str = "/tien-do"

    @property
    def role(self) -> str:
        """Reviewer, unit or head: their names begin so."""
        return self.person.username.partition("-")[0]

    def look_at_dashboard(self) -> None:
        """The open first page asks whether something has changed."""
        if time.monotonic() < self.poll_at:
            return
        answer = self.times.measure("dashboard", lambda: self.person.get(self.dashboard, htmx=True))
        if found := _SEEN.search(answer.text):
            self.dashboard = found[1].replace("&amp;", "&")
        self.poll_at = time.monotonic() + _POLL_S[self.role]

    def pause(self, pace_s: float) -> None:
        """Until the next step of the work; the dashboard goes on asking meanwhile."""
        until = time.monotonic() + self.dice.uniform(0.6, 1.4) * pace_s
        while not self.stop.is_set() and time.monotonic() < until:
            self.look_at_dashboard()
            self.stop.wait(max(0.0, min(until, self.poll_at) - time.monotonic()))


def run_load(site: Site, crowd: Crowd, scans: Sequence[tuple[bytes, int]], seconds: float) -> LoadReport:
    """Let the crowd work for so long; the scans are handed in at its beginning and read meanwhile."""
    people = crowded_office(site, crowd, sum(pages for _content, pages in scans))
    site.start_web()
    site.start_worker()
    site.wait_until_it_answers()
    times, ledger, stop = Times(), Ledger(), threading.Event()
    desks = [
        _Desk(Person(site.port, name, PASSWORD), times, ledger, stop, random.Random(name))
        for role in ("reviewer", "unit", "head")
        for name in people[role]
    ]
    faults: list[str] = []
    for desk in desks:
        desk.person.come_in()
    _hand_in(site, ledger, scans)
    threads = [threading.Thread(target=_work, args=(desk, faults), daemon=True) for desk in desks]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    took_s = time.monotonic() - began
    with site.readers() as session:
        unread = count_undone(session)
    _drain(site)
    pages, weather = sum(count for _content, count in scans), _weather(desks)
    return LoadReport(
        database="sqlite" if site.server is None else "postgresql",
        people=len(desks) + 1,
        reading_pages=pages,
        seconds=round(took_s, 1),
        pages_read=max(0, pages - unread),
        requests=sum(len(each) for each in times.by_kind.values()),
        times_ms=times.table(),
        statuses=dict(weather.statuses),
        broken_off=dict(weather.broken),
        acknowledged=ledger.counts(),
        violations=[*faults, *violations(site, ledger)],
    )


def _weather(desks: Sequence[_Desk]) -> Weather:
    """What all of them met."""
    whole = Weather()
    for desk in desks:
        whole.broken.update(desk.person.weather.broken)
        whole.statuses.update(desk.person.weather.statuses)
    return whole


def _hand_in(site: Site, ledger: Ledger, scans: Sequence[tuple[bytes, int]]) -> None:
    """One batch of all the scans."""
    if not scans:
        return
    clerk = Person(site.port, "clerk", PASSWORD)
    clerk.come_in()
    files = [("files", f"{number:03}.pdf", content) for number, (content, _pages) in enumerate(scans, 1)]
    answer = clerk.post("/quet", {}, files)
    assert answer.status == HTTPStatus.SEE_OTHER, answer.text
    number = int(answer.location.rpartition("/")[2])
    ledger.handed_in += [HandedIn(number, sha256_of(content), pages) for content, pages in scans]


def _drain(site: Site, limit_s: float = 600) -> None:
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        with site.readers() as session:
            if count_undone(session) == 0:
                return
        time.sleep(0.2)


def _work(desk: _Desk, faults: list[str]) -> None:
    desk.poll_at = time.monotonic() + desk.dice.uniform(0, _POLL_S[desk.role])
    desk.stop.wait(desk.dice.uniform(0, _PACE_S[desk.role]))
    try:
        {"reviewer": _review, "unit": _save_drafts, "head": _open_pages}[desk.role](desk)
    except NoAnswer as silence:
        faults.append(f"{desk.person.username}: {silence}")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        faults.append(f"{desk.person.username}: {error!r}")


def _review(desk: _Desk) -> None:
    begun = desk.person.post("/ra-soat/bat-dau", {"hang": "single"})
    shown = desk.times.measure("page", lambda: desk.person.get(begun.location))
    while not desk.stop.is_set() and (item := _ITEM.search(shown.text)) is not None:
        said = Said(desk.person.username, int(item[1]), "option", str(desk.dice.randrange(1, 3)))
        desk.pause(_PACE_S["reviewer"])
        fields = {"answer": f"option:{said.value}", "input_kind": "key", "shown_ms": "900"}
        address = f"/ra-soat/o/{said.item_id}?hang=single"
        shown = desk.times.measure("next item", lambda: desk.person.post(address, fields, htmx=True))  # noqa: B023 - used at once
        assert shown.status == HTTPStatus.OK, shown
        desk.ledger.said.append(said)


def _save_drafts(desk: _Desk) -> None:
    """Each officer of a unit at a component of their own."""
    unit, _, seat = desk.person.username.removeprefix("unit-").rpartition("-")
    code = _COMPONENTS[int(seat)]
    shown = desk.times.measure("page", lambda: desk.person.get(f"/tu-cham/{code}"))
    while not desk.stop.is_set():
        desk.pause(_PACE_S["unit"])
        revision = _REVISION.search(shown.text)
        assert revision is not None, shown
        text = f"Theo báo cáo số {desk.dice.randrange(10**12)}"
        fields = {"explanation": text, "seen_revision": revision[1]}
        shown = desk.times.measure(
            "save draft",
            lambda: desk.person.post(f"/tu-cham/{code}/nhap", fields, htmx=True),  # noqa: B023 - used at once
        )
        assert shown.status == HTTPStatus.OK, shown
        desk.ledger.drafts[unit.upper(), code].append(text)
        if desk.dice.randrange(4) == 0:
            path = desk.dice.choice(_PAGES["unit"])
            desk.times.measure("page", lambda: desk.person.get(path))  # noqa: B023 - used at once


def _open_pages(desk: _Desk) -> None:
    while not desk.stop.is_set():
        path = desk.dice.choice(_PAGES["head"])
        answer = desk.times.measure("page", lambda: desk.person.get(path))  # noqa: B023 - used at once
        assert answer.status == HTTPStatus.OK, answer
        desk.pause(_PACE_S["head"])


def _quantiles(times: Sequence[float]) -> dict[str, float]:
    def at(share: float) -> float:
        return round(times[min(len(times) - 1, math.ceil(share * len(times)) - 1)] * 1000, 1)

    return {"count": len(times), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99)}
