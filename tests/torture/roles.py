"""What people do all day, each in a thread: hand in, review, score themselves, compute and publish.

Everybody writes into the ledger what was acknowledged, and does again what was not.
"""

import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

from tests.jobs.fake_reader import scan_bytes
from tests.torture.ledger import HandedIn, Ledger, Proof, Said, Version, sha256_of
from tests.torture.person import Answer, NoAnswer, Person
from tests.worlds.documents import pdf_bytes

PUBLISH = {"confirmation": "công bố 2020"}
_ITEM = re.compile(r'data-renew="/ra-soat/o/(\d+)/giu')
_REVISION = re.compile(r'name="seen_revision"[^>]* value="(-?\d+)"')
_OPTION = re.compile(r'name="answer" value="(option:\d+)"')
_NUMBER = re.compile(r"/(\d+)$")
_IDLE_S = 0.1
_COMPUTE_EVERY_S = 10
_LOOK_EVERY_S = 0.02
_EVIDENCE_EVERY = 5
_BUBBLES = 2  # the fake reader knows no more
OWN_COMPONENTS = ("1.1.1", "1.1.2", "1.2.1")  # of both levels, one for each officer


@dataclass
class Stack:
    """Scans that wait at the clerk's: each a file of so many pages, whose bytes are like no other's."""

    files: Iterator[tuple[bytes, int]]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> tuple[bytes, int] | None:
        """The next one."""
        with self.lock:
            return next(self.files, None)


def fake_scans(first_serial: int, sheets: int, pages_a_file: int) -> Iterator[tuple[bytes, int]]:
    """Files of the fronts of consecutive sheets, for the fake reader."""
    for start in range(first_serial, first_serial + sheets, pages_a_file):
        serials = range(start, min(start + pages_a_file, first_serial + sheets))
        yield scan_bytes([{"serial": serial, "side": 1} for serial in serials]), len(serials)


@dataclass
class Desk:
    """Where one person works: over which connection, until when, with which dice."""

    person: Person
    ledger: Ledger
    stop: threading.Event
    dice: random.Random

    def insist(self, ask: Callable[[], Answer]) -> Answer:
        """Until it is answered, or the day is over (`NoAnswer`)."""
        return self.person.insist(ask, self.stop.is_set)

    def expect(self, answer: Answer, *statuses: int) -> None:
        """What else comes is a finding."""
        if answer.status not in statuses:
            raise AssertionError(f"{self.person.username}: {answer.status} {answer.text[-2000:]}")


Role = Callable[[Desk], None]


def hand_in(desk: Desk, stack: Stack) -> None:
    """A clerk drops one file after another on the intake."""
    while not desk.stop.is_set() and (taken := stack.take()) is not None:
        content, pages = taken
        files = [("files", f"{sha256_of(content)[:8]}.pdf", content)]
        answer = desk.insist(lambda files=files: desk.person.post("/quet", {}, files))  # type: ignore[misc]  # a bound default
        desk.expect(answer, HTTPStatus.SEE_OTHER)
        number = _NUMBER.search(answer.location)
        assert number is not None
        desk.ledger.handed_in.append(HandedIn(int(number[1]), sha256_of(content), pages))
        desk.stop.wait(desk.dice.uniform(0, _IDLE_S))


def review(desk: Desk) -> None:
    """A reviewer settles what waits: single answers first, then comments."""
    while not desk.stop.is_set():
        for queue in ("single", "comment"):
            begun = desk.insist(lambda queue=queue: desk.person.post("/ra-soat/bat-dau", {"hang": queue}))  # type: ignore[misc]  # a bound default
            desk.expect(begun, HTTPStatus.SEE_OTHER)
            if begun.location.startswith("/ra-soat/o"):
                settle_all(desk, desk.insist(lambda begun=begun: desk.person.get(begun.location)), queue)  # type: ignore[misc]  # a bound default
        desk.stop.wait(_IDLE_S)


def settle_all(desk: Desk, shown: Answer, queue: str) -> None:
    """From one item to the next, as long as there is one."""
    while (item := _ITEM.search(shown.text)) is not None and not desk.stop.is_set():
        said = _answer_to(desk, shown, int(item[1]))
        pressed = said.kind if said.kind != "option" else f"option:{said.value}"
        fields = {"answer": pressed, "text": said.value or "", "input_kind": "key", "shown_ms": "900"}
        address = f"/ra-soat/o/{said.item_id}?hang={queue}"
        shown = desk.insist(lambda: desk.person.post(address, fields, htmx=True))  # noqa: B023 - used at once
        desk.expect(shown, HTTPStatus.OK, HTTPStatus.CONFLICT)
        desk.ledger.said.append(said)


def _answer_to(desk: Desk, shown: Answer, item_id: int) -> Said:
    """One of the first printed options; of a comment words that nobody else says."""
    options = _OPTION.findall(shown.text)
    if options:
        chosen: str = desk.dice.choice(options[:_BUBBLES])
        return Said(desk.person.username, item_id, "option", chosen.partition(":")[2])
    return Said(desk.person.username, item_id, "text", f"Lời {desk.dice.randrange(10**12)}")


def score_oneself(desk: Desk, code: str) -> None:
    """A unit's officer types into one component again and again, and proves it now and then."""
    shown = desk.insist(lambda: desk.person.get(f"/tu-cham/{code}"))
    unit = desk.person.username.split("-")[1].upper()
    while not desk.stop.is_set():
        text = f"Theo báo cáo số {desk.dice.randrange(10**12)}"
        revision = _REVISION.search(shown.text)
        assert revision is not None
        fields = {"explanation": text, "seen_revision": revision[1]}
        shown = desk.insist(lambda: desk.person.post(f"/tu-cham/{code}/nhap", fields, htmx=True))  # noqa: B023 - used at once
        desk.expect(shown, HTTPStatus.OK)
        desk.ledger.drafts[unit, code].append(text)
        if desk.dice.randrange(_EVIDENCE_EVERY) == 0:
            _prove(desk, unit, code)
        desk.stop.wait(desk.dice.uniform(0, _IDLE_S))


def _prove(desk: Desk, unit: str, code: str) -> None:
    content = pdf_bytes() + f"\n% {desk.dice.randrange(10**12)}\n".encode()
    files = [("files", "KH.pdf", content)]
    answer = desk.insist(lambda: desk.person.post(f"/tu-cham/{code}/tep", {}, files, htmx=True))
    desk.expect(answer, HTTPStatus.OK)
    desk.ledger.proofs.append(Proof(unit, sha256_of(content)))


def try_the_index(desk: Desk) -> None:
    """The head computes with what is there."""
    while not desk.stop.is_set():
        _make_version(desk, "/chi-so/tinh-thu", "trial")
        desk.stop.wait(_COMPUTE_EVERY_S)


def publish(desk: Desk) -> None:
    """The head fixes the index and publishes it, again and again."""
    while not desk.stop.is_set():
        number = _make_version(desk, "/chi-so/chot", "frozen")
        published = desk.insist(lambda: desk.person.post(f"/chi-so/{number}/cong-bo", PUBLISH))  # noqa: B023 - used at once
        desk.expect(published, HTTPStatus.SEE_OTHER)
        desk.ledger.versions.append(Version(number, "published"))


def _make_version(desk: Desk, path: str, kind: str) -> int:
    made = desk.insist(lambda: desk.person.post(path, {}))
    desk.expect(made, HTTPStatus.SEE_OTHER)
    number = _NUMBER.search(made.location)
    assert number is not None
    desk.ledger.versions.append(Version(int(number[1]), kind))
    return int(number[1])


def read_results(desk: Desk) -> None:
    """Somebody looks at what is published."""
    while not desk.stop.is_set():
        desk.expect(desk.insist(lambda: desk.person.get("/ket-qua")), HTTPStatus.OK)
        desk.stop.wait(_IDLE_S)


class Shift:
    """People at work, each in a thread of their own; what goes wrong with one of them is told at the end."""

    def __init__(self, ledger: Ledger, seed: str) -> None:
        """Nobody is here yet."""
        self.faults: list[str] = []
        self._ledger, self._seed = ledger, seed
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self, person: Person, role: Role) -> None:
        """Somebody sits down, and signs in unless they are."""
        dice = random.Random(f"{self._seed}/{person.username}/{len(self._threads)}")
        desk = Desk(person, self._ledger, self._stop, dice)
        thread = threading.Thread(target=self._work, args=(desk, role), name=person.username, daemon=True)
        self._threads.append(thread)
        thread.start()

    def wait_for(self, acknowledged: int, limit_s: float) -> bool:
        """Wait until people were told so often that something is done; False where they were not."""
        until = time.monotonic() + limit_s
        while self._ledger.total() < acknowledged:
            if time.monotonic() > until or not any(thread.is_alive() for thread in self._threads):
                return False
            time.sleep(_LOOK_EVERY_S)
        return True

    def end(self) -> None:
        """Everybody finishes the request in hand."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, desk: Desk, role: Role) -> None:
        try:
            desk.person.insist(desk.person.come_in, desk.stop.is_set)
            role(desk)
        except NoAnswer as silence:
            if not desk.stop.is_set():
                self.faults.append(f"{desk.person.username}: {silence}")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            self.faults.append(f"{desk.person.username}: {error!r}")
