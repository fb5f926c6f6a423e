"""Sheets as files to print: a PDF of a pack with its cover slip, of many packs, or a ZIP of a whole campaign.

Everything that a file needs is read first; then it is made without the database, a pack at a time, so that
6,000 pages never stand in memory together.
"""

import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO, RawIOBase
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, joinedload

from ocr.cover import Cover
from ocr.printing import BookletRun, PackPrint, Printer, PrintRun
from ocr.template import FormLibrary
from webapp.errors import InvalidInput
from webapp.persistence.campaign import Campaign, Pack, Sheet
from webapp.services.imprint import imprint_of
from webapp.services.packs import Place, place_code, place_name
from webapp.services.printing import PrintBatch

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the same file each time it is downloaded


@dataclass(frozen=True, slots=True)
class PrintFile:
    """The name of a pack's PDF within a ZIP (a folder for each place), and what is printed."""

    name: str
    pack: PackPrint

    @property
    def stem(self) -> str:
        """The name without folder and ending, for a file of its own."""
        return PurePosixPath(self.name).stem

    @property
    def sheet_count(self) -> int:
        """How many sheets it holds, the rows of booklets counted each."""
        return len(self.pack.cover.serials)


def batch_files(session: Session, campaign: Campaign, batch: PrintBatch) -> list[PrintFile]:
    """The packs of a print batch with its good sheets only: void ones cannot come back.

    Raises:
        InvalidInput: every sheet of it is void.
    """
    ids = [order.id for order in batch.orders]
    return _files(session, campaign, Sheet.print_order_id.in_(ids))


def place_files(session: Session, campaign: Campaign, place: Place) -> list[PrintFile]:
    """All packs of one place with all their good sheets.

    Raises:
        InvalidInput: nothing was ordered for it yet.
    """
    packs = select(Pack.id).where(Pack.campaign_id == campaign.id, Pack.place_unit_id == place.unit_id)
    return _files(session, campaign, Sheet.pack_id.in_(packs))


def pack_files(session: Session, campaign: Campaign, pack: Pack) -> list[PrintFile]:
    """One pack with all its good sheets, under the serials that they have; one file a form version.

    Raises:
        InvalidInput: every sheet of it is void.
    """
    return _files(session, campaign, Sheet.pack_id == pack.id)


def write_pdf(library: FormLibrary, files: Sequence[PrintFile], out: BinaryIO) -> None:
    """One PDF of all the packs, each behind its cover slip; raises as `ocr.printing`."""
    Printer(library).print_packs([file.pack for file in files], out)


def stream_zip(library: FormLibrary, files: Sequence[PrintFile]) -> Iterator[bytes]:
    """A ZIP with one PDF a pack, piece by piece as the packs are printed; raises as `ocr.printing`."""
    printer, drain = Printer(library), _Drain()
    with zipfile.ZipFile(cast("IO[bytes]", drain), "w") as archive:
        for file in files:
            pdf = BytesIO()
            printer.print_packs([file.pack], pdf)
            archive.writestr(zipfile.ZipInfo(file.name, _ZIP_DATE), pdf.getvalue())
            yield drain.take()
    yield drain.take()


class _Drain(RawIOBase):
    """A file that is only written to, and whose bytes are taken away as they come."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer") -> int:
        self._pieces.append(bytes(data))
        return len(self._pieces[-1])

    def take(self) -> bytes:
        """What was written since the last time."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def _files(session: Session, campaign: Campaign, chosen: ColumnElement[bool]) -> list[PrintFile]:
    pack = joinedload(Sheet.pack)
    sheets = session.scalars(
        select(Sheet)
        .options(joinedload(Sheet.unit), joinedload(Sheet.group), pack.joinedload(Pack.place_unit))
        .where(Sheet.campaign_id == campaign.id, Sheet.voided_at.is_(None), chosen)
        .order_by(Sheet.serial)
    )
    by_pack: dict[tuple[int, int], list[Sheet]] = defaultdict(list)
    for sheet in sheets:
        by_pack[sheet.pack_id, sheet.form_version].append(sheet)
    if not by_pack:
        raise InvalidInput("Không còn phiếu nào để in: chưa lập phiếu, hoặc mọi phiếu đã được hủy.")
    return [_file(campaign, sheets_of) for sheets_of in by_pack.values()]


def _file(campaign: Campaign, sheets: Sequence[Sheet]) -> PrintFile:
    """One pack's sheets of one form version; a newer version changes nothing in what was ordered before."""
    pack = sheets[0].pack
    runs = sheet_runs(campaign, [sheet for sheet in sheets if sheet.booklet_id is None])
    booklets = _booklets(campaign, sheets)
    cover = Cover(
        code=pack.code,
        form=sheets[0].form_code,
        version=sheets[0].form_version,
        group=sheets[0].group.code,
        place_name=place_name(campaign, pack.place_unit),
        person_number=pack.person_number,
        lines=_lines(sheets),
        imprint=imprint_of(campaign.office_name, campaign.year),
        booklets=[(booklet.serial, sides) for booklet, sides in booklets],
        recipient=campaign.recipient,
    )
    place = place_code(pack.place_unit)
    person = f"_nguoi-{pack.person_number}" if pack.person_number else ""
    return PrintFile(
        f"{place}/{pack.code}_{cover.form}_{cover.group}{person}.pdf",
        PackPrint(cover, [*runs, *(b for b, _sides in booklets)]),
    )


def _lines(sheets: Sequence[Sheet]) -> list[tuple[str, list[int]]]:
    """Each rated unit with its serials, in the order in which it comes first."""
    lines: dict[str, list[int]] = defaultdict(list)
    for sheet in sheets:
        lines[sheet.unit.name].append(sheet.serial)
    return list(lines.items())


def _booklets(campaign: Campaign, sheets: Sequence[Sheet]) -> list[tuple[BookletRun, int]]:
    """The booklets among these sheets, which are in the order of serials, each with its pages."""
    rows: dict[int, list[Sheet]] = defaultdict(list)
    for sheet in sheets:
        if sheet.booklet_id is not None:
            rows[sheet.booklet_id].append(sheet)
    return [(_booklet(campaign, own), own[0].sides) for own in rows.values()]


def _booklet(campaign: Campaign, rows: Sequence[Sheet]) -> BookletRun:
    first = rows[0]
    return BookletRun(
        form=first.form_code,
        version=first.form_version,
        group=first.group.code,
        unit_names=[sheet.unit.name for sheet in rows],
        serial=first.serial,
        imprint=imprint_of(campaign.office_name, campaign.year),
    )


def unit_runs(session: Session, campaign: Campaign) -> list[PrintRun]:
    """All good sheets of a campaign, those of one form, group and unit together, from whatever packs."""
    sheets = session.scalars(
        select(Sheet)
        .options(joinedload(Sheet.unit), joinedload(Sheet.group))
        .where(Sheet.campaign_id == campaign.id, Sheet.voided_at.is_(None))
        .order_by(Sheet.unit_id, Sheet.group_id, Sheet.serial)
    )
    return sheet_runs(campaign, sheets.all())


def sheet_runs(campaign: Campaign, sheets: Sequence[Sheet]) -> list[PrintRun]:
    """Sheets in their order, those of one form version, group and unit together as one run."""
    runs: dict[tuple[str, int, int, int], list[Sheet]] = defaultdict(list)
    for sheet in sheets:
        runs[sheet.form_code, sheet.form_version, sheet.group_id, sheet.unit_id].append(sheet)
    return [_run(campaign, run) for run in runs.values()]


def _run(campaign: Campaign, sheets: Sequence[Sheet]) -> PrintRun:
    first = sheets[0]
    return PrintRun(
        form=first.form_code,
        version=first.form_version,
        group=first.group.code,
        unit=first.unit.code,
        unit_name=first.unit.name,
        serials=[sheet.serial for sheet in sheets],
        imprint=imprint_of(campaign.office_name, campaign.year),
    )
