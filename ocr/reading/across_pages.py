"""What only a whole run shows: a page that came before, and a sheet or booklet of which a page is missing."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ocr.booklet import plan_booklet
from ocr.errors import TemplateInvalid
from ocr.model import Flag, PageReading, PageStatus, SheetIdentity
from ocr.template import FormLibrary

_SIDES = 2


def flag_across_pages(readings: Iterable[PageReading], library: FormLibrary) -> list[PageReading]:
    """Flag pages that were read before, and pages of which another of the same sheet was never read.

    The first copy of a page stays as it is; later ones get `duplicate_sheet`. A refused page was not read.
    """
    listed = list(readings)
    read = {r.identity for r in listed if r.identity is not None and r.status is not PageStatus.REFUSED}
    seen: set[SheetIdentity] = set()
    flagged = []
    for reading in listed:
        identity, flags = reading.identity, []
        if identity is not None:
            flags += [Flag.DUPLICATE_SHEET] if identity in seen else []
            flags += [] if _other_pages(identity, library) <= read else [Flag.MISSING_PAGE]
            seen |= set() if reading.status is PageStatus.REFUSED else {identity}
        flagged.append(_with_flags(reading, flags))
    return flagged


def _other_pages(identity: SheetIdentity, library: FormLibrary) -> set[SheetIdentity]:
    """The other pages of the same sheet or booklet; none of a booklet whose form the library lacks."""
    count = _SIDES
    if identity.rows:
        count = 0
        with contextlib.suppress(TemplateInvalid):
            form = library.form(identity.form, identity.version)
            count = len(plan_booklet(form, identity.rows).pages)
    return {replace(identity, page=number) for number in range(1, count + 1)} - {identity}


def _with_flags(reading: PageReading, flags: Sequence[Flag]) -> PageReading:
    if not flags:
        return reading
    status = PageStatus.FLAGGED if reading.status is PageStatus.READ else reading.status
    return replace(reading, status=status, flags=(*reading.flags, *flags))
