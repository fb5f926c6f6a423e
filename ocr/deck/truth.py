"""`chamdiem-truth/1`: what is really on the pages of a deck; docs/formats.md describes it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ocr.deck.lines import numbered_lines
from ocr.errors import OcrError

SCHEMA = "chamdiem-truth/1"
INVISIBLE_BELOW = 10.0
"""Grey levels over the strongest 40 px (200 dpi) under which no human eye sees a mark; docs/formats.md."""

TruthValue = str | tuple[str, ...] | None
Tags = tuple[tuple[str, str | float | bool], ...]


class PageKind(StrEnum):
    """`sheet`: scanned once; `duplicate`: scanned again; `blank`: white paper; `missing`: never scanned."""

    SHEET = "sheet"
    DUPLICATE = "duplicate"
    BLANK = "blank"
    MISSING = "missing"


class TruthInvalid(OcrError):
    """A truth file is not `chamdiem-truth/1`."""

    code = "truth_invalid"
    exit_code = 3


@dataclass(frozen=True, slots=True)
class TruthField:
    """One question: `value` is the option meant, None for blank, or all marks that count if several.

    `options` is how many bubbles it has; `contrast` in grey levels (0-255), None for a blank;
    `second_pen` names the pen where it is not the page's.
    """

    code: str
    options: int
    value: TruthValue
    style: str = ""
    event: str = "plain"
    visible: bool = True
    contrast: float | None = None
    cancelled: tuple[str, ...] = ()
    second_pen: str = ""


@dataclass(frozen=True, slots=True)
class TruthPage:
    """One page of the deck. `source` is a file name and `page_index` counts from 0; both None if missing.

    `serial` is printed text with its check digit; the identity is None on white paper.
    """

    kind: PageKind
    source: str | None
    page_index: int | None
    serial: str | None = None
    form: str | None = None
    version: int | None = None
    group: str | None = None
    unit: str | None = None
    page: int | None = None
    fields: tuple[TruthField, ...] = ()
    written: tuple[str, ...] = ()
    tags: Tags = ()


def truth_line(page: TruthPage) -> str:
    """One page as a line of JSON, without the newline."""
    plain: dict[str, Any] = {
        "schema": SCHEMA,
        "source": page.source,
        "page_index": page.page_index,
        "kind": page.kind.value,
        "serial": page.serial,
        "form": page.form,
        "version": page.version,
        "group": page.group,
        "unit": page.unit,
        "page": page.page,
        "fields": [_field_as_json(field) for field in page.fields],
        "written": list(page.written),
        "tags": dict(page.tags),
    }
    return json.dumps(plain, ensure_ascii=False)


def write_truth(pages: Iterable[TruthPage], path: Path) -> None:
    """Write one line a page."""
    with path.open("w", encoding="utf-8") as out:
        for page in pages:
            out.write(truth_line(page) + "\n")


def read_truth(path: Path) -> Iterator[TruthPage]:
    """Read a truth file.

    Raises:
        TruthInvalid: a line is no JSON, or of another schema; the message names the line.
    """
    for line, place in numbered_lines(path):
        yield _page_from(line, place)


def _page_from(line: str, place: str) -> TruthPage:
    try:
        raw = json.loads(line)
        if raw["schema"] != SCHEMA:
            raise TruthInvalid(f"{place}: schema {raw['schema']!r}, cần {SCHEMA!r}.")
        return TruthPage(
            kind=PageKind(raw["kind"]),
            source=raw["source"],
            page_index=raw["page_index"],
            serial=raw["serial"],
            form=raw["form"],
            version=raw["version"],
            group=raw["group"],
            unit=raw["unit"],
            page=raw["page"],
            fields=tuple(_field_from(field) for field in raw["fields"]),
            written=tuple(raw.get("written", ())),
            tags=tuple(raw.get("tags", {}).items()),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise TruthInvalid(f"{place}: không phải một dòng {SCHEMA} ({error}).") from error


def _field_as_json(field: TruthField) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "code": field.code,
        "options": field.options,
        "value": list(field.value) if isinstance(field.value, tuple) else field.value,
        "style": field.style,
        "event": field.event,
        "visible": field.visible,
        "contrast": field.contrast,
    }
    if field.cancelled:
        plain["cancelled"] = list(field.cancelled)
    if field.second_pen:
        plain["second_pen"] = field.second_pen
    return plain


def _field_from(raw: dict[str, Any]) -> TruthField:
    value = raw["value"]
    return TruthField(
        code=raw["code"],
        options=int(raw["options"]),
        value=tuple(value) if isinstance(value, list) else value,
        style=raw.get("style", ""),
        event=raw.get("event", "plain"),
        visible=bool(raw.get("visible", True)),
        contrast=raw.get("contrast"),
        cancelled=tuple(raw.get("cancelled", ())),
        second_pen=raw.get("second_pen", ""),
    )
