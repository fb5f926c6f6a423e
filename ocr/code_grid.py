"""A code that copiers, thresholds or blur have closed: its modules one by one, where the markers put them.

A code's finders, its timing lines and its alignment mark are the same on every sheet. They say where
its grid lies, to a fraction of a module, and how black and white look on this very paper: that is learnt
from them and applied to the modules that hold the data. The error correction and the checks of
`ocr.sheet_code` then say whether it was read; what fails them is not read. Only for pages whose code
was found in no other way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import segno
import zxingcpp
from numpy.typing import NDArray

from ocr.identity import CodeReading, FoundCode, agree
from ocr.layout import CodeArea, PageLayout
from ocr.model import SheetIdentity
from ocr.registration import find_fiducials, marker_corners_mm, project
from ocr.scan_view import ScanView
from ocr.sheet_code import BOOKLET_SIDE, PREFIX

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]
Bits = NDArray[np.uint8]

# What our codes hold, 40 to 67 characters, makes 29 or 33 modules a side.
_SIZES = {29: 3, 33: 4}
_PX = 6
_FINDER = 7
_MARGIN = 4
_REACH = 2.5
_LEAST_MATCH = 0.3
_LEAST_MARKERS = 2
_RIDGE = 0.3
_BEND_MODULES = 0.8
_FORMATS = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def read_closed_code(scan: ScanView, pages: Sequence[PageLayout]) -> CodeReading:
    """Read the codes of a page where no code was found, by the place that its markers give them.

    Args:
        scan: as it came, upright or upside down.
        pages: one of each kind of printed side: its markers say which it is.

    Returns:
        A reading with an identity only if checks fit, copies agree, and the markers belong to that side.
    """
    nothing = CodeReading(None, None)
    for quarters in (0, 2):
        view = scan.turned(quarters)
        for page in pages:
            homography = _by_markers(view.work, page)
            if homography is None:
                continue
            grey, placed = view.whole(homography)
            found = [
                FoundCode(f.text, _as_it_came(f.corners_px, grey, quarters))
                for f in _read(grey, placed, page)
            ]
            reading = agree(found) if found else nothing
            if reading.identity is not None and _side_of(reading.identity) == page.page:
                return reading
    return nothing


def _side_of(identity: SheetIdentity) -> int:
    """Which side of a form the page looks like: every page of a booklet bears the markers of a back."""
    return BOOKLET_SIDE if identity.rows else identity.page


def _by_markers(work: Grey, page: PageLayout) -> Floats | None:
    """From millimetres to the working picture, by two markers or more of this side; they need not be all."""
    found = find_fiducials(work, page)
    known = [f for f in page.fiducials if f.id in found]
    if len(known) < _LEAST_MARKERS:
        return None
    mm = np.concatenate([marker_corners_mm(f) for f in known])
    homography, _ = cv2.findHomography(mm, np.concatenate([found[f.id] for f in known]), 0)
    return None if homography is None else np.asarray(homography, np.float64)


def _as_it_came(corners_px: Floats, upright: Grey, quarters: int) -> Floats:
    """Points of the upright picture on the scan as it came."""
    height, width = upright.shape
    return corners_px if quarters == 0 else np.array([width - 1, height - 1]) - corners_px


def _read(grey: Grey, homography: Floats, page: PageLayout) -> list[FoundCode]:
    """Each copy alone, then both together: what dirt hides on one the other may show."""
    for size in _SIZES:
        grids = [g for area in page.codes if (g := _grid_at(grey, homography, area, size)) is not None]
        found = [FoundCode(text, g.corners_px) for g in grids if (text := _decode(g.leanings))]
        if not found and len(grids) > 1 and (text := _decode(np.sum([g.leanings for g in grids], axis=0))):
            found = [FoundCode(text, g.corners_px) for g in grids]
        if found:
            return found
    return []


@dataclass(frozen=True, slots=True)
class _Grid:
    """One copy: how black each module is, about -1 to 1, (size, size), and where its corners lie (4, 2)."""

    leanings: Floats
    corners_px: Floats


@lru_cache(maxsize=2)
def _known(size: int) -> tuple[Bits, NDArray[np.bool_]]:
    """The modules of a code that are the same on every sheet (1 black), and which these are."""
    code = segno.make_qr(f"{PREFIX}.", version=_SIZES[size], error="q", boost_error=False, mask=3)
    same = np.zeros((size, size), np.bool_)
    same[:9, :9] = same[:9, -8:] = same[-8:, :9] = True
    same[6, :] = same[:, 6] = True
    same[-9:-4, -9:-4] = True
    return np.array([bytes(row) for row in code.matrix]).view(np.uint8).reshape(size, size), same


def _grid_at(grey: Grey, homography: Floats, area: CodeArea, size: int) -> _Grid | None:
    """The copy that is printed here; None where its finders are not seen."""
    module_mm = area.size_mm / size
    corner_mm = np.array([area.x_mm, area.y_mm]) - area.size_mm / 2 - _MARGIN * module_mm
    # Pixel u of the patch stands at (u + 0.5) / _PX modules.
    step = module_mm / _PX
    to_mm = np.array([[step, 0, corner_mm[0] + step / 2], [0, step, corner_mm[1] + step / 2], [0, 0, 1.0]])
    to_grey = homography @ to_mm
    patch = _warp(grey, to_grey, (size + 2 * _MARGIN) * _PX)
    placed = _grid(patch, size)
    if placed is None:
        return None
    first, last = _PX - 0.5, (size + 1) * _PX - 0.5
    corners = np.array([[first, first], [last, first], [last, last], [first, last]])
    leanings = _learnt(_warp(patch, placed, (size + 2) * _PX), size)
    return _Grid(leanings, project(to_grey @ placed, corners))


def _warp(grey: Grey, to_grey: Floats, side: int) -> Grey:
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(grey, to_grey, (side, side), flags=way, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def _grid(patch: Grey, size: int) -> Floats | None:
    """What sends the pixels of a straight grid with one module around it to the patch."""
    printed, _ = _known(size)
    landmarks = ((0, 0, 7), (size - 7, 0, 7), (0, size - 7, 7), (size - 9, size - 9, 5))
    straight, seen = [], []
    for column, row, side in landmarks:
        whole = np.pad(printed, 1)[row : row + side + 2, column : column + side + 2]
        if side != _FINDER:
            whole = whole[1:-1, 1:-1]
        lead = 1 if side == _FINDER else 0
        sharp = np.kron(255 - 255 * whole, np.ones((_PX, _PX), np.uint8))
        template = cv2.GaussianBlur(sharp, (0, 0), 0.4 * _PX)
        at = np.array([column - lead + _MARGIN, row - lead + _MARGIN]) * _PX
        score, shift = _match(patch, np.asarray(template, np.uint8), at)
        if score < _LEAST_MATCH:
            if side == _FINDER:
                return None
            continue
        middle = np.array([column + side / 2, row + side / 2]) * _PX - 0.5
        straight.append(middle + _PX)
        seen.append(middle + _MARGIN * _PX + shift)
    # Three finders make an affine grid; the alignment mark bends it, if it lies near where they put it.
    ours, theirs = np.array(straight, np.float32), np.array(seen, np.float32)
    affine = np.asarray(cv2.getAffineTransform(ours[:3], theirs[:3]), np.float64)
    bent = len(seen) == len(landmarks) and bool(
        np.linalg.norm(affine @ np.append(ours[3], 1.0) - theirs[3]) < _BEND_MODULES * _PX
    )
    placed = cv2.getPerspectiveTransform(ours, theirs) if bent else np.vstack([affine, [0, 0, 1]])
    return np.asarray(placed, np.float64)


def _match(patch: Grey, template: Grey, at: NDArray[np.int64]) -> tuple[float, Floats]:
    """How well the template is seen near its place, and how far off, in pixels."""
    reach = round(_REACH * _PX)
    side = template.shape[0]
    left, top = (max(0, int(v) - reach) for v in at)
    part = patch[top : int(at[1]) + side + reach, left : int(at[0]) + side + reach]
    scores = cv2.matchTemplate(part, template, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(scores)
    return float(best), np.array([x + left - at[0], y + top - at[1]], np.float64)


def _learnt(grid: Grey, size: int) -> Floats:
    """Ridge regression from what a module looks like to black or white, over the modules that are known.

    Its looks are its own and its neighbours' greys, core and whole, and its own lightest and darkest
    pixel: of a white module that ink has closed a bright speck remains.
    """
    printed, same = _known(size)
    cells = grid.reshape(size + 2, _PX, size + 2, _PX).astype(np.float64)
    means = (cells[:, 2:4, :, 2:4].mean(axis=(1, 3)), cells.mean(axis=(1, 3)))
    around = [m[y : y + size, x : x + size] for m in means for y in range(3) for x in range(3)]
    specks = [pick(cells, axis=(1, 3))[1:-1, 1:-1] for pick in (np.max, np.min)]
    looks = np.stack([*around, *specks], axis=-1).reshape(size * size, -1)
    looks = (looks - looks.mean(axis=0)) / (looks.std(axis=0) + 1.0)
    looks = np.column_stack([looks, np.ones(len(looks))])
    known = same.reshape(-1)
    seen, black = looks[known], printed.reshape(-1)[known] * 2.0 - 1.0
    weights = np.linalg.solve(seen.T @ seen + _RIDGE * np.eye(seen.shape[1]), seen.T @ black)
    return np.asarray((looks @ weights).reshape(size, size))


def _decode(leanings: Floats) -> str | None:
    """The text of a code by its modules, if its error correction finds one."""
    size = len(leanings)
    printed, same = _known(size)
    for level in _levels(leanings[~same]):
        modules = np.where(same, printed, leanings > level).astype(np.uint8)
        picture = np.kron(255 - 255 * np.pad(modules, 4), np.ones((4, 4), np.uint8))
        for found in zxingcpp.read_barcodes(picture, formats=_FORMATS, is_pure=True):
            if found.valid and found.text.startswith(f"{PREFIX}."):
                return str(found.text)
    return None


def _levels(leanings: Floats) -> Iterator[float]:
    """Where black may begin: as learnt, or where it makes half of the data black, as the mask does."""
    half = float(np.median(leanings))
    yield 0.0
    yield half
    yield half / 2
