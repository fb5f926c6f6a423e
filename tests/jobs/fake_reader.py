"""A reader whose scans say what is on them: `%PDF-fake`, then one JSON object a page.

A page is `{"serial": 1, "side": 1}` with the sheet's printed identity (`"says"`: an answer other than "2"),
or `{"does": …}`: "blank", "crash", "sleep", "raise", or a flag under which it is refused (but not once a
person has named its sheet, where it is `"legible"`), with the `"missing_corners"` that were not found.
A first page `{"file": reason}` makes the file unsound.
"""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr.model import (
    BubbleReading,
    FieldReading,
    Flag,
    MarkState,
    PageQuality,
    PageReading,
    PageStatus,
    SheetIdentity,
    TextReading,
)
from webapp.jobs.tasks import DraftDone, Outcome, ReadDone, ReadTask, SplitDone, SplitTask, Task, TaskFailed
from webapp.storage import ScanStore

HEAD, END = b"%PDF-fake\n", b"\n%%EOF"


def scan_bytes(pages: list[dict[str, Any]]) -> bytes:
    """The bytes of a fake scan."""
    return HEAD + b"\n".join(json.dumps(page).encode() for page in pages) + END


def sides(serials: list[int]) -> list[dict[str, Any]]:
    """Both sides of each sheet, in order."""
    return [{"serial": serial, "side": side} for serial in serials for side in (1, 2)]


def page_reading(task: ReadTask, page: dict[str, Any]) -> PageReading:
    """What the fake reads on one page."""
    identity = task.identity
    if identity is None and "serial" in page:
        printed = {"form": "CX4", "version": 1, "group": "DN", "unit": "19186", **page.get("printed", {})}
        identity = SheetIdentity(serial=page["serial"], page=page["side"], **printed)
    does = None if task.identity and page.get("legible") else page.get("does")
    flags = (Flag("blank_page" if does == "blank" else does),) if does else ()
    return PageReading(
        source=task.source,
        page_index=task.page_index,
        status=PageStatus.REFUSED if does else PageStatus.FLAGGED,
        identity=identity,
        flags=flags,
        quality=PageQuality(1654, 2339, dpi=200.0, missing_corners=tuple(page.get("missing_corners", ()))),
        fields=() if does else (_choice("CX4.1", page.get("says", "2")), _choice("CX4.2", None)),
        texts=() if does else (TextReading("CX4.gop_y", written=True, draft=None, confidence=0.0),),
        engine="fake",
        template_sha256="0" * 64,
        thresholds="fake",
    )


def _choice(code: str, value: str | None) -> FieldReading:
    return FieldReading(
        code=code,
        value=value,
        confidence=0.99 if value else 0.5,
        accepted=value is not None,
        flags=() if value else (Flag.NO_MARK,),
        bubbles=(BubbleReading("1", MarkState.EMPTY, 0.01), BubbleReading("2", MarkState.FILLED, 0.98)),
    )


@dataclass(frozen=True, slots=True)
class FakeEngine:
    """Reads fake scans, each page taking `page_s` seconds."""

    scans_dir: Path
    page_s: float = 0.0

    def perform(self, task: Task) -> Outcome:
        """As the real engine."""
        if isinstance(task, SplitTask):
            return self._split(task)
        if isinstance(task, ReadTask):
            return self._read(task)
        return DraftDone("bản nháp", 0.5)

    def _split(self, task: SplitTask) -> Outcome:
        pages = _pages(task.path)
        if "file" in pages[0]:
            return TaskFailed(pages[0]["file"], is_final=True)
        return SplitDone(len(pages))

    def _read(self, task: ReadTask) -> Outcome:
        time.sleep(self.page_s)
        page = _pages(task.path)[task.page_index]
        match page.get("does"):
            case "crash":
                os._exit(1)
            case "sleep":
                time.sleep(3600)
            case "raise":
                raise ValueError("a bug in the reader")
            case "too_much":
                raise MemoryError
        reading = page_reading(task, page)
        store = ScanStore(self.scans_dir)
        preview = store.put_bytes(json.dumps(page).encode()).sha256
        crops = {field.code: store.put_bytes(field.code.encode()).sha256 for field in reading.fields}
        crops |= {text.code: store.put_bytes(b"words").sha256 for text in reading.texts}
        return ReadDone(reading, crops, preview)


def _pages(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().removeprefix(HEAD).removesuffix(END).splitlines()]
