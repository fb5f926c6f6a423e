"""Print personal sheets: the set form as a master, stamped with each sheet's codes and serial.

    run = PrintRun("CX4", 1, "DN", "19186", "xã Đại Trạch", serials=range(1, 31))
    layout = print_sheets(FormLibrary(forms_dir), run, Path("sheets.pdf"))

A sheet is personal to form, version, respondent group, evaluated unit and serial, never to a person.
Stamping needs no image library: the web process prints.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

import pikepdf
import segno

from ocr.booklet import blank_booklet, set_booklet
from ocr.cover import PAGES as COVER_PAGES
from ocr.cover import Cover, set_covers
from ocr.errors import TemplateInvalid
from ocr.layout import CodeArea, Layout, PageLayout
from ocr.model import SheetIdentity
from ocr.sheet_code import SEPARATOR_CODE, code_text, serial_text
from ocr.template import FormLibrary
from ocr.typeset import SAMPLE_IMPRINT, Imprint, set_form, set_separator, set_serial_alphabet

POINTS_PER_MM: Final = 72 / 25.4
SERIAL_SIZE_PT: Final = 14.0
SERIAL_ALPHABET: Final = "0123456789-"
_BASELINE_SHARE: Final = 0.78  # of the serial's box, from its top
_MASTERS_KEPT: Final = 64  # more than one level's units of a district; some 100 kB each

_MasterKey = tuple[str, int, str, str | tuple[str, ...], Imprint]
_Master = tuple[Layout, bytes]


@dataclass(frozen=True, slots=True)
class PrintRun:
    """Sheets of one form version, group and unit; `unit_name` is printed, `unit` rides in the code."""

    form: str
    version: int
    group: str
    unit: str
    unit_name: str
    serials: Sequence[int]
    imprint: Imprint = SAMPLE_IMPRINT


@dataclass(frozen=True, slots=True)
class BookletRun:
    """One booklet; `unit_names` in the order of its rows, `serial` is that of the first row's sheet."""

    form: str
    version: int
    group: str
    unit_names: Sequence[str]
    serial: int
    imprint: Imprint = SAMPLE_IMPRINT


Run = PrintRun | BookletRun
_Pile = tuple[Sequence[pikepdf.Page] | None, Sequence[Run]]


def print_sheets(library: FormLibrary, run: PrintRun, out: Path | BinaryIO) -> Layout:
    """Write one duplex sheet (two pages) for each serial, in order, and return the layout of all of them.

    Raises:
        TemplateInvalid: no such form or group, or its print would no longer match the committed layout.
        CodeRefused: a unit, group or serial that the code cannot carry.
        EngineFailed: Typst refused the source.
    """
    print_runs(library, [run], out)
    return library.layout(run.form, run.version)


def print_runs(library: FormLibrary, runs: Sequence[PrintRun], out: Path | BinaryIO) -> None:
    """Write the sheets of several runs into one PDF, run after run; raises as `print_sheets`."""
    title = f"{runs[0].form} – {runs[0].unit_name}" + (" …" if len(runs) > 1 else "")
    Printer(library).print_pile([(None, runs)], title, out)


@dataclass(frozen=True, slots=True)
class PackPrint:
    """A pack on paper: its cover slip, then its sheets or booklets."""

    cover: Cover
    runs: Sequence[Run]


class Printer:
    """Prints pile after pile; the forms that it has set lately are not set again."""

    def __init__(self, library: FormLibrary) -> None:
        """Nothing is set yet."""
        self._library = library
        self._alphabet = set_serial_alphabet(library, SERIAL_SIZE_PT)
        self._masters: OrderedDict[_MasterKey, _Master] = OrderedDict()

    def print_packs(self, packs: Sequence[PackPrint], out: Path | BinaryIO) -> None:
        """Write packs one behind the other into one PDF, each with its cover slip first.

        Raises:
            TemplateInvalid, CodeRefused, EngineFailed: as `print_sheets`; or a cover that does not fit.
        """
        covers = set_covers(self._library, [pack.cover for pack in packs])
        title = packs[0].cover.code + (" …" if len(packs) > 1 else "")
        with pikepdf.open(BytesIO(covers)) as pages:
            sides = list(pages.pages)
            piles = [
                (sides[COVER_PAGES * n : COVER_PAGES * (n + 1)], pack.runs) for n, pack in enumerate(packs)
            ]
            self.print_pile(piles, title, out)

    def print_pile(self, piles: Sequence[_Pile], title: str, out: Path | BinaryIO) -> None:
        """Write piles of sheets into one PDF, each behind its cover pages if it has any."""
        with pikepdf.new() as pdf:
            font = _SerialFont(pdf, self._alphabet)
            presses: dict[_MasterKey, _Press] = {}
            for cover, runs in piles:
                pdf.pages.extend(cover or ())
                for run in runs:
                    layout, master = self._master(run)
                    key = _master_key(run)
                    if key not in presses:
                        presses[key] = _Press(pdf, master, font)
                    for identity in _identities(run, layout):
                        presses[key].add_page(identity, layout.page(identity.page))
            pdf.docinfo["/Title"] = title
            pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)

    def _master(self, run: Run) -> _Master:
        key = _master_key(run)
        if key not in self._masters:
            self._masters[key] = _checked_master(self._library, run)
            if len(self._masters) > _MASTERS_KEPT:
                self._masters.popitem(last=False)
        self._masters.move_to_end(key)
        return self._masters[key]


def _master_key(run: Run) -> _MasterKey:
    about = run.unit_name if isinstance(run, PrintRun) else tuple(run.unit_names)
    return run.form, run.version, run.group, about, run.imprint


def separator_sheet(library: FormLibrary) -> bytes:
    """The PDF of one sheet that divides a stack: the same code on both sides, and no serial."""
    code = segno.make_qr(SEPARATOR_CODE, error="h", boost_error=False, mask=3)
    return set_separator(library, code.matrix)


def code_matrix(identity: SheetIdentity) -> tuple[bytes, ...]:
    """The QR code of one side as rows of 0 (white) and 1 (black) modules, without quiet zone.

    The mask is fixed: choosing the best of eight costs most of the time and readers do not need it.
    """
    code = segno.make_qr(code_text(identity), error="q", boost_error=False, mask=3)
    return tuple(bytes(row) for row in code.matrix)


def _identities(run: Run, layout: Layout) -> Iterator[SheetIdentity]:
    serials = run.serials if isinstance(run, PrintRun) else (run.serial,)
    unit, rows = (run.unit, 0) if isinstance(run, PrintRun) else ("", len(run.unit_names))
    for serial in serials:
        for page in layout.pages:
            yield SheetIdentity(run.form, run.version, run.group, unit, serial, page.page, rows)


def _checked_master(library: FormLibrary, run: Run) -> tuple[Layout, bytes]:
    """Refuse to print what could not be read back: an unknown group, or marks that moved."""
    if run.group not in library.form(run.form, run.version).groups:
        raise TemplateInvalid(f"Mẫu phiếu {run.form} không có nhóm trả lời {run.group}.")
    if isinstance(run, BookletRun):
        committed = blank_booklet(library, run.form, run.version, len(run.unit_names)).layout
        typeset = set_booklet(library, run.form, run.version, run.unit_names, run.imprint, group=run.group)
    else:
        committed = library.layout(run.form, run.version)
        typeset = set_form(library, run.form, run.version, run.unit_name, run.imprint, group=run.group)
    if typeset.layout != committed:
        raise TemplateInvalid(f"Bản in của {run.form} bản {run.version} lệch so với bố cục; không in.")
    return committed, typeset.pdf


class _SerialFont:
    """The embedded font of the serial, borrowed from a page that Typst set with every character of it."""

    def __init__(self, pdf: pikepdf.Pdf, alphabet_pdf: bytes) -> None:
        with pikepdf.open(BytesIO(alphabet_pdf)) as source:
            page = source.pages[0]
            shown = b"".join(_shown_strings(page))
            (font,) = page.obj.Resources.Font.values()
            self.font = pdf.copy_foreign(font)
        glyphs = [shown[i : i + 2].hex() for i in range(0, len(shown), 2)]
        self._glyphs = dict(zip(SERIAL_ALPHABET, glyphs, strict=True))

    def encoded(self, text: str) -> str:
        """The text as a PDF hexadecimal string of this font's glyphs."""
        return "<" + "".join(self._glyphs[character] for character in text) + ">"


def _shown_strings(page: pikepdf.Page) -> Iterator[bytes]:
    for instruction in pikepdf.parse_content_stream(page, "Tj TJ"):
        for operand in instruction.operands:
            parts = operand if isinstance(operand, pikepdf.Array) else [operand]
            yield from (bytes(part) for part in parts if isinstance(part, pikepdf.String))


class _Press:
    """Adds stamped pages to a PDF; the master's two sides are stored once, whatever the number of sheets."""

    def __init__(self, pdf: pikepdf.Pdf, master_pdf: bytes, font: _SerialFont) -> None:
        self._pdf = pdf
        self._font = font
        with pikepdf.open(BytesIO(master_pdf)) as master:
            self._size = [float(edge) for edge in master.pages[0].mediabox]
            self._sides = [pdf.copy_foreign(page.as_form_xobject()) for page in master.pages]

    def add_page(self, identity: SheetIdentity, layout: PageLayout) -> None:
        matrix = code_matrix(identity)
        code = self._pdf.make_stream(
            _code_drawing(matrix),
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Form,
            BBox=[0, 0, len(matrix), len(matrix)],
        )
        content = self._content(identity, layout, len(matrix))
        page = pikepdf.Dictionary(
            Type=pikepdf.Name.Page,
            MediaBox=self._size,
            Contents=self._pdf.make_stream(content.encode("ascii")),
            Resources=pikepdf.Dictionary(
                XObject=pikepdf.Dictionary(M=self._sides[identity.page - 1], C=code),
                Font=pikepdf.Dictionary(F=self._font.font),
            ),
        )
        self._pdf.pages.append(pikepdf.Page(self._pdf.make_indirect(page)))

    def _content(self, identity: SheetIdentity, layout: PageLayout, modules: int) -> str:
        height_pt = self._size[3]
        placed = "".join(_placed_code(area, modules, height_pt) for area in layout.codes)
        x_pt = layout.serial_x_mm * POINTS_PER_MM
        baseline_mm = layout.serial_y_mm + layout.serial_height_mm * _BASELINE_SHARE
        y_pt = height_pt - baseline_mm * POINTS_PER_MM
        serial = self._font.encoded(serial_text(identity.serial))
        return f"/M Do\n{placed}BT /F {SERIAL_SIZE_PT:g} Tf {x_pt:.3f} {y_pt:.3f} Td {serial} Tj ET\n"


def _placed_code(area: CodeArea, modules: int, height_pt: float) -> str:
    """Scale a drawing of `modules` units, rows downwards, onto the area."""
    scale = area.size_mm * POINTS_PER_MM / modules
    left = (area.x_mm - area.size_mm / 2) * POINTS_PER_MM
    top = height_pt - (area.y_mm - area.size_mm / 2) * POINTS_PER_MM
    return f"q {scale:.5f} 0 0 {-scale:.5f} {left:.3f} {top:.3f} cm /C Do Q\n"


def _code_drawing(matrix: Sequence[bytes]) -> bytes:
    """All dark modules as one path filled at once, so that no viewer shows hair lines between them."""
    parts = []
    for y, row in enumerate(matrix):
        parts += [f"{x} {y} {length} 1 re" for x, length in _dark_runs(row)]
    return ("\n".join(parts) + "\nf\n").encode("ascii")


def _dark_runs(row: bytes) -> list[tuple[int, int]]:
    """Start and length of each run of dark modules in a row."""
    runs = []
    start = row.find(1)
    while start >= 0:
        end = row.find(0, start)
        end = len(row) if end < 0 else end
        runs.append((start, end - start))
        start = row.find(1, end)
    return runs
