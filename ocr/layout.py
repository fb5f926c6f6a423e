"""`chamdiem-layout/1`: where everything on a printed form stands, in millimetres from the top left.

Made by the typesetter together with the print, never measured by hand; docs/formats.md describes it.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

SCHEMA = "chamdiem-layout/1"

FieldKind = Literal["choice", "text"]


@dataclass(frozen=True, slots=True)
class Fiducial:
    """A printed ArUco marker (dictionary 4x4_50): its id, centre and side."""

    id: int
    x_mm: float
    y_mm: float
    size_mm: float


@dataclass(frozen=True, slots=True)
class CodeArea:
    """A printed QR code with its quiet zone left out: centre and side."""

    x_mm: float
    y_mm: float
    size_mm: float


@dataclass(frozen=True, slots=True)
class Bubble:
    """A printed ring: centre and outer radius; `option` is "1", "2", … in printed order."""

    option: str
    x_mm: float
    y_mm: float
    r_mm: float


@dataclass(frozen=True, slots=True)
class Field:
    """A question or a text box. The rectangle (top left corner, size) is what a reviewer's crop shows."""

    code: str
    kind: FieldKind
    x_mm: float
    y_mm: float
    width_mm: float
    height_mm: float
    bubbles: tuple[Bubble, ...] = ()


@dataclass(frozen=True, slots=True)
class PageLayout:
    """One side of the sheet; `page` is 1 or 2. The serial's rectangle is the printed digits."""

    page: int
    width_mm: float
    height_mm: float
    fiducials: tuple[Fiducial, ...]
    codes: tuple[CodeArea, ...]
    serial_x_mm: float
    serial_y_mm: float
    serial_width_mm: float
    serial_height_mm: float
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A form version's geometry; `template_sha256` names the definition that it was set from."""

    form: str
    version: int
    template_sha256: str
    pages: tuple[PageLayout, ...]

    def page(self, number: int) -> PageLayout:
        """The side with that number; KeyError if the form has no such side."""
        for page in self.pages:
            if page.page == number:
                return page
        raise KeyError(number)


def layout_as_json(layout: Layout) -> str:
    """Write the documented JSON, indented, ending in a newline."""
    return json.dumps({"schema": SCHEMA, **asdict(layout)}, ensure_ascii=False, indent=1) + "\n"


def _field(raw: dict[str, Any]) -> Field:
    return Field(**{**raw, "bubbles": tuple(Bubble(**b) for b in raw["bubbles"])})


def _page(raw: dict[str, Any]) -> PageLayout:
    parts = {
        "fiducials": tuple(Fiducial(**f) for f in raw["fiducials"]),
        "codes": tuple(CodeArea(**c) for c in raw["codes"]),
        "fields": tuple(_field(f) for f in raw["fields"]),
    }
    return PageLayout(**{**raw, **parts})


def layout_from_json(text: str) -> Layout:
    """Read `layout_as_json`'s JSON back; ValueError where the schema is another one."""
    raw = json.loads(text)
    schema = raw.pop("schema", None)
    if schema != SCHEMA:
        raise ValueError(f"layout schema {schema!r}, expected {SCHEMA!r}")
    return Layout(**{**raw, "pages": tuple(_page(p) for p in raw["pages"])})


def read_layout(path: Path) -> Layout:
    """Read a layout file."""
    return layout_from_json(path.read_text(encoding="utf-8"))
