"""Set the cover slips of packs: what a pack is, its code for eyes and machines, and every serial in it.

A cover is one sheet of paper, two pages, so that the forms behind it stay front on front when printed duplex.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any, Final

import pikepdf
import segno

from ocr.errors import EngineFailed
from ocr.sheet_code import serial_text
from ocr.template import FormLibrary
from ocr.typeset import Imprint, set_source

PAGES: Final = 2
# More than this many do not fit on the back one by one; then runs of neighbours stand there.
_MOST_SERIALS = 120


@dataclass(frozen=True, slots=True)
class Cover:
    """What stands on a cover slip: `lines` are the rated units, each with the serials of its sheets.

    `booklets`: of each booklet in the pack the serial that it bears, and its pages.
    """

    code: str
    form: str
    version: int
    group: str
    place_name: str
    person_number: int | None
    lines: Sequence[tuple[str, Sequence[int]]]
    imprint: Imprint
    recipient: str = ""  # who gets the filled sheets; without it no line says so
    booklets: Sequence[tuple[int, int]] = ()

    @property
    def serials(self) -> list[int]:
        """All serials, in order."""
        return sorted(serial for _unit, serials in self.lines for serial in serials)


def set_covers(library: FormLibrary, covers: Sequence[Cover]) -> bytes:
    """A PDF with two pages for each cover, in order.

    Raises:
        TemplateInvalid: no such form.
        EngineFailed: Typst refused the source, or a cover does not fit on its two pages.
    """
    inputs = json.dumps([_inputs(library, cover) for cover in covers], ensure_ascii=False)
    source = library.forms_dir / "_print" / "cover.typ"
    pdf = set_source(source, library.forms_dir / "_fonts", {"covers": inputs})
    with pikepdf.open(BytesIO(pdf)) as pages:
        if len(pages.pages) != PAGES * len(covers):
            raise EngineFailed(f"Phiếu bìa không vừa một tờ: {', '.join(cover.code for cover in covers)}.")
    return pdf


def serial_ranges(serials: Sequence[int]) -> str:
    """Serials as they are printed, neighbours as a range: "00001-0 – 00030-4, 00035-8"."""
    return ", ".join(
        serial_text(first) if first == last else f"{serial_text(first)} – {serial_text(last)}"
        for first, last in _runs(sorted(serials))
    )


def _runs(serials: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of neighbours."""
    start = 0
    for end in range(1, len(serials) + 1):
        if end == len(serials) or serials[end] != serials[end - 1] + 1:
            yield serials[start], serials[end - 1]
            start = end


def _inputs(library: FormLibrary, cover: Cover) -> dict[str, Any]:
    form = library.form(cover.form, cover.version)
    return {
        "code": cover.code,
        "code_svg": _code_svg(cover.code),
        "form": f"{cover.form} · {cover.group}",
        "group": {language: form.group_name(cover.group, language) for language in form.words},
        "place": cover.place_name,
        "person": cover.person_number,
        "sheets": len(cover.serials),
        "booklets": [{"serial": serial_text(serial), "pages": pages} for serial, pages in cover.booklets],
        "serials": serial_ranges(cover.serials),
        "lines": [{"unit": unit, "serials": _to_tick(cover, serials)} for unit, serials in cover.lines],
        "imprint": asdict(cover.imprint),
        "recipient": cover.recipient,
    }


def _to_tick(cover: Cover, serials: Sequence[int]) -> list[str]:
    """What stands beside a box each on the back: every serial, or in a large pack its runs."""
    if len(cover.serials) > _MOST_SERIALS:
        return [serial_ranges(serials)]
    return [serial_text(serial) for serial in sorted(serials)]


def _code_svg(text: str) -> str:
    """The pack's code as a QR code with its quiet zone."""
    out = BytesIO()
    segno.make_qr(text, error="q").save(out, kind="svg", border=4)
    return out.getvalue().decode("utf-8")
