"""Readings as `chamdiem-reading/1`, one page a line."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import IO, Any

from ocr.model import FieldReading, PageReading
from ocr.sheet_code import serial_text

SCHEMA = "chamdiem-reading/1"


def write_readings(readings: Iterable[PageReading], out: IO[str]) -> int:
    """Write `chamdiem-reading/1`, one page a line; returns how many."""
    count = 0
    for reading in readings:
        out.write(json.dumps(reading_as_json(reading), ensure_ascii=False) + "\n")
        count += 1
    return count


def reading_as_json(reading: PageReading) -> dict[str, Any]:
    """One page as `chamdiem-reading/1`; docs/formats.md describes it."""
    identity = reading.identity
    return {
        "schema": SCHEMA,
        "source": reading.source,
        "page_index": reading.page_index,
        "status": reading.status.value,
        "form": identity and identity.form,
        "version": identity and identity.version,
        "group": identity and identity.group,
        "unit": identity and identity.unit,
        "serial": identity and serial_text(identity.serial),
        "page": identity and identity.page,
        "rows": identity and identity.rows,
        "flags": [f.value for f in reading.flags],
        "quality": asdict(reading.quality),
        "fields": [_field_as_json(f) for f in reading.fields],
        "texts": [asdict(t) for t in reading.texts],
        "engine": reading.engine,
        "template_sha256": reading.template_sha256,
        "thresholds": reading.thresholds,
    }


def _field_as_json(field: FieldReading) -> dict[str, Any]:
    return {
        "code": field.code,
        "value": field.value,
        "confidence": field.confidence,
        "accepted": field.accepted,
        "flags": [f.value for f in field.flags],
        "bubbles": [{"option": b.option, "state": b.state.value, "score": b.score} for b in field.bubbles],
    }
