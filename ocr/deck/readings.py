"""`chamdiem-reading/1` as the score needs it: what was read, and what was accepted without a person."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ocr.deck.lines import numbered_lines
from ocr.errors import OcrError
from ocr.model import Flag, PageReading, PageStatus
from ocr.sheet_code import serial_text

SCHEMA = "chamdiem-reading/1"


class ReadingsInvalid(OcrError):
    """A readings file is not `chamdiem-reading/1`."""

    code = "readings_invalid"
    exit_code = 3


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """One field of a reading; `confidence` in [0, 1] is the probability stated of `value`, if one is."""

    code: str
    value: str | None
    accepted: bool
    flags: frozenset[Flag] = frozenset()
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class ReadPage:
    """One page of a reading; `serial` is printed text with its check digit, None where no code was read.

    `texts` says of each handwritten box whether something is written in it.
    """

    source: str
    page_index: int
    status: PageStatus
    serial: str | None
    page: int | None
    form: str | None = None
    version: int | None = None
    group: str | None = None
    unit: str | None = None
    flags: frozenset[Flag] = frozenset()
    answers: tuple[ReadAnswer, ...] = ()
    texts: tuple[tuple[str, bool], ...] = ()


def read_readings(path: Path) -> Iterator[ReadPage]:
    """Read a readings file.

    Raises:
        ReadingsInvalid: a line is no JSON, or of another schema; the message names the line.
    """
    for line, place in numbered_lines(path):
        yield _page_from(line, place)


def as_read_page(reading: PageReading) -> ReadPage:
    """A reading that never went through a file."""
    page = ReadPage(
        source=reading.source,
        page_index=reading.page_index,
        status=reading.status,
        serial=None,
        page=None,
        flags=frozenset(reading.flags),
        answers=tuple(
            ReadAnswer(f.code, f.value, f.accepted, frozenset(f.flags), f.confidence) for f in reading.fields
        ),
        texts=tuple((text.code, text.written) for text in reading.texts),
    )
    sheet = reading.identity
    if sheet is None:
        return page
    return replace(
        page,
        serial=serial_text(sheet.serial),
        page=sheet.page,
        form=sheet.form,
        version=sheet.version,
        group=sheet.group,
        unit=sheet.unit,
    )


def _page_from(line: str, place: str) -> ReadPage:
    try:
        raw = json.loads(line)
        if raw["schema"] != SCHEMA:
            raise ReadingsInvalid(f"{place}: schema {raw['schema']!r}, cần {SCHEMA!r}.")
        return ReadPage(
            source=raw["source"],
            page_index=int(raw["page_index"]),
            status=PageStatus(raw["status"]),
            serial=_serial_from(raw.get("serial")),
            page=raw.get("page"),
            form=raw.get("form"),
            version=raw.get("version"),
            group=raw.get("group"),
            unit=raw.get("unit"),
            flags=_flags_from(raw),
            answers=tuple(_answer_from(field) for field in raw["fields"]),
            texts=tuple((text["code"], bool(text["written"])) for text in raw.get("texts", ())),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ReadingsInvalid(f"{place}: không phải một dòng {SCHEMA} ({error}).") from error


def _answer_from(raw: dict[str, Any]) -> ReadAnswer:
    return ReadAnswer(
        raw["code"], raw["value"], bool(raw["accepted"]), _flags_from(raw), raw.get("confidence")
    )


def _flags_from(raw: dict[str, Any]) -> frozenset[Flag]:
    return frozenset(Flag(flag) for flag in raw.get("flags", ()))


def _serial_from(raw: str | int | None) -> str | None:
    return serial_text(raw) if isinstance(raw, int) else raw
