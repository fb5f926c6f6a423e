"""Where the printed form lies on the scan: from millimetres on paper to pixels, and back to a flat page.

The four ArUco markers give a homography, with the codes' help where one or two of them are lost. What
paper, feeder or camera bend beyond that, `ocr.row_fit` finds line by line.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.errors import RegistrationFailed
from ocr.layout import CodeArea, Fiducial, PageLayout
from ocr.row_fit import ShiftField

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

# The flat page: 4 px/mm (102 dpi). A pen's line is 1.6 px wide there, and noise is averaged out.
FLAT_PX_PER_MM = 4
_NODE_MM = 8.0
_AROUND_MM = 10.0
_SEARCH_MM = 14.0
_MAX_RESIDUAL_MM = 0.9
_LEAST_MARKERS = 2
_LEAST_PLACES = 3
# Markers 0 to 3 of the front and 4 to 7 of the back stand clockwise in these corners.
CORNERS = ("top_left", "top_right", "bottom_right", "bottom_left")


@dataclass(frozen=True, slots=True)
class Registration:
    """The millimetre-to-pixel transform of one page.

    Attributes:
        homography: float64 (3, 3), millimetres from the paper's top left -> pixels of the picture.
        residual_mm: the worst distance between a printed and a found point.
        markers: how many of the page's markers were found.
    """

    homography: Floats
    residual_mm: float
    markers: int

    @property
    def rotation_deg(self) -> float:
        """Skew of the page, clockwise, in degrees."""
        return float(np.degrees(np.arctan2(self.homography[1, 0], self.homography[0, 0])))

    @property
    def tilt(self) -> float:
        """By what share the scale changes across an A4 page: 0 for a scanner, hundredths for a camera."""
        weights = np.array([[0, 0, 1], [210, 0, 1], [210, 297, 1], [0, 297, 1]]) @ self.homography[2]
        return float(weights.max() / weights.min() - 1.0) if weights.min() > 0 else float("inf")

    def px_per_mm(self, x_mm: float, y_mm: float) -> float:
        """Mean scale at a point of the page."""
        ends = np.array([[x_mm - 20, y_mm], [x_mm + 20, y_mm], [x_mm, y_mm - 20], [x_mm, y_mm + 20]])
        px = project(self.homography, ends)
        return float((np.linalg.norm(px[1] - px[0]) + np.linalg.norm(px[3] - px[2])) / 80.0)


def project(homography: Floats, points: Floats) -> Floats:
    """Send points (n, 2) through a homography (3, 3)."""
    flat = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return np.asarray(flat[:, :2] / flat[:, 2:3])


# --- markers and homography -----------------------------------------------------------------------


def _detector() -> cv2.aruco.ArucoDetector:
    parameters = cv2.aruco.DetectorParameters()
    parameters.adaptiveThreshWinSizeMin = 23
    parameters.adaptiveThreshWinSizeMax = 23
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    parameters.cornerRefinementWinSize = 3
    return cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50), parameters)


_DETECTOR = _detector()


def find_fiducials(grey: Grey, page: PageLayout) -> dict[int, Floats]:
    """Find the page's markers: id -> float64 (4, 2) corners in pixels, from the marker's top left, clockwise.

    Each is sought in its own corner first; if one is missing there, on the whole page.

    Args:
        grey: uint8, upright within about 10 degrees, filled by the paper.
        page: the printed geometry.
    """
    wanted = {f.id for f in page.fiducials}
    found: dict[int, Floats] = {}
    for fiducial in page.fiducials:
        left, top, crop = _corner_crop(grey, page, fiducial)
        found |= {i: c for i, c in _detect(crop, left, top).items() if i == fiducial.id}
    if set(found) != wanted:
        found = {i: c for i, c in _detect(grey, 0, 0).items() if i in wanted} | found
    return found


def find_any_markers(grey: Grey) -> dict[int, Floats]:
    """Find the markers of a page of which nothing is known: id -> float64 (4, 2) corners in pixels.

    Args:
        grey: uint8, any way up.
    """
    return {i: c for i, c in _detect(grey, 0, 0).items() if i < 2 * len(CORNERS)}


def missing_corners(found: Iterable[int]) -> tuple[str, ...]:
    """Which corners of a side lack their marker, by the ids that were found; () where none was found."""
    seen = {number % len(CORNERS) for number in found}
    return tuple(name for number, name in enumerate(CORNERS) if number not in seen) if seen else ()


def turned_deg(found: dict[int, Floats]) -> float | None:
    """How far a page is turned clockwise, in degrees, by the upper edge of any of its markers."""
    for corners in found.values():
        across = corners[1] - corners[0]
        return float(np.degrees(np.arctan2(across[1], across[0])))
    return None


def _corner_crop(grey: Grey, page: PageLayout, fiducial: Fiducial) -> tuple[int, int, Grey]:
    height, width = grey.shape
    across, down = width / page.width_mm, height / page.height_mm
    half = _SEARCH_MM + fiducial.size_mm / 2
    left, right = int((fiducial.x_mm - half) * across), int((fiducial.x_mm + half) * across)
    top, bottom = int((fiducial.y_mm - half) * down), int((fiducial.y_mm + half) * down)
    left, top = max(0, left), max(0, top)
    return left, top, np.ascontiguousarray(grey[top:bottom, left:right])


def _detect(crop: Grey, left: int, top: int) -> dict[int, Floats]:
    if min(crop.shape) < 16:  # noqa: PLR2004 - smaller than any marker
        return {}
    corners: Any
    ids: Any  # None where nothing was found, which the stubs leave out
    corners, ids, _ = _DETECTOR.detectMarkers(crop)
    if ids is None:
        return {}
    seen = [int(i) for i in np.ravel(ids)]
    # An id seen twice is no landmark.
    return {
        i: np.asarray(c, np.float64).reshape(4, 2) + np.array((left, top))
        for i, c in zip(seen, corners, strict=True)
        if seen.count(i) == 1
    }


def register_page(
    found: dict[int, Floats], page: PageLayout, codes_px: Sequence[Floats] = ()
) -> Registration:
    """Fit the millimetre-to-pixel transform of one scanned page.

    Args:
        found: corners of the markers in pixels, by id (`find_fiducials`).
        page: printed geometry in millimetres, origin top left.
        codes_px: corners (4, 2) of each code that was read; they replace missing markers.

    Returns:
        The homography by least squares over all marker corners, and its worst residual.

    Raises:
        RegistrationFailed: fewer than 2 markers of this page, fewer than 3 places with the codes, or
            the points do not lie as printed. What 2 markers give is only a beginning: the rows that are
            matched afterwards must confirm it.
    Source: direct linear transform (Hartley & Zisserman 2004, ch. 4); limits from docs/adr/0006.
    """
    known = [f for f in page.fiducials if f.id in found]
    if len(known) < _LEAST_MARKERS:
        raise RegistrationFailed(f"Chỉ thấy {len(known)} trong {len(page.fiducials)} ô đen ở góc trang.")
    mm = np.concatenate([marker_corners_mm(f) for f in known])
    px = np.concatenate([found[f.id] for f in known])
    places = len(known)
    if len(known) < len(page.fiducials):
        extra_mm, extra_px = _code_points(mm, px, page.codes, codes_px)
        places += len(extra_mm)
        if len(extra_mm) == 0 or places < _LEAST_PLACES:
            raise RegistrationFailed("Thiếu ô đen ở góc trang và không có đủ mã để thay.")
        mm, px = np.concatenate([mm, extra_mm]), np.concatenate([px, extra_px])
    homography, _ = cv2.findHomography(mm, px, 0)
    if homography is None:
        raise RegistrationFailed("Các ô đen ở góc trang không nằm đúng chỗ.")
    fitted = Registration(np.asarray(homography, np.float64), 0.0, len(known))
    px_per_mm = fitted.px_per_mm(page.width_mm / 2, page.height_mm / 2)
    off_px = np.linalg.norm(project(fitted.homography, mm) - px, axis=1)
    residual_mm = float(np.max(off_px) / px_per_mm)
    if not np.isfinite(residual_mm) or residual_mm > _MAX_RESIDUAL_MM:
        raise RegistrationFailed(f"Các ô đen ở góc trang lệch {residual_mm:.1f} mm so với bản in.")
    return replace(fitted, residual_mm=residual_mm)


def marker_corners_mm(marker: Fiducial) -> Floats:
    """Its printed corners (4, 2), from the top left, clockwise."""
    x_mm, y_mm, half = marker.x_mm, marker.y_mm, marker.size_mm / 2
    return np.array(
        [
            [x_mm - half, y_mm - half],
            [x_mm + half, y_mm - half],
            [x_mm + half, y_mm + half],
            [x_mm - half, y_mm + half],
        ]
    )


def _code_points(
    mm: Floats, px: Floats, codes: Sequence[CodeArea], codes_px: Sequence[Floats]
) -> tuple[Floats, Floats]:
    """Centres of the codes that were read, matched to the printed ones through an affine guess."""
    affine, *_ = np.linalg.lstsq(np.column_stack([mm, np.ones(len(mm))]), px, rcond=None)
    matched_mm: list[tuple[float, float]] = []
    matched_px: list[Floats] = []
    for corners in codes_px:
        centre = corners.mean(axis=0)
        guesses = [np.array([c.x_mm, c.y_mm, 1.0]) @ affine for c in codes]
        gaps = [float(np.linalg.norm(g - centre)) for g in guesses]
        side_px = float(np.linalg.norm(corners[1] - corners[0]))
        nearest = int(np.argmin(gaps))
        if gaps[nearest] < side_px / 2:
            matched_mm.append((codes[nearest].x_mm, codes[nearest].y_mm))
            matched_px.append(centre)
    return np.array(matched_mm).reshape(-1, 2), np.array(matched_px).reshape(-1, 2)


# --- the flat page --------------------------------------------------------------------------------

Box = tuple[float, float, float, float]
"""Left, top, width, height of a part of the page, in millimetres."""


def flatten(
    grey: Grey, homography: Floats, box: Box, px_per_mm: float, shifts: ShiftField | None = None
) -> Grey:
    """Lay a part of the page flat: uint8, `px_per_mm` pixels a millimetre, pixel (0, 0) at the box's corner.

    Args:
        grey: the picture.
        homography: millimetres -> pixels of the picture.
        box: which part.
        px_per_mm: scale of the result.
        shifts: local shifts found by `fit_rows`; none by default.
    """
    left, top, width_mm, height_mm = box
    width, height = round(width_mm * px_per_mm), round(height_mm * px_per_mm)
    step = round(_NODE_MM * px_per_mm)
    columns, rows = width // step + 3, height // step + 3
    # Node k stands at flat pixel (k - 1 + 0.5) * step - 0.5, where cv2.resize interpolates exactly.
    x_mm = left + ((np.arange(columns) - 0.5) * step) / px_per_mm
    y_mm = top + ((np.arange(rows) - 0.5) * step) / px_per_mm
    grid = np.stack(np.meshgrid(x_mm, y_mm), axis=-1).reshape(-1, 2)
    if shifts is not None:
        grid = grid + shifts.at(grid)
    px = project(homography, grid).astype(np.float32).reshape(rows, columns, 2)
    fine = cv2.resize(px, (columns * step, rows * step), interpolation=cv2.INTER_LINEAR)
    fine = fine[step : step + height, step : step + width]
    flat = cv2.remap(grey, fine, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload] # stubs want two maps
    return np.asarray(flat, np.uint8)


def flatten_page(
    grey: Grey, homography: Floats, page: PageLayout, px_per_mm: int, shifts: ShiftField | None = None
) -> Grey:
    """The page flat: uint8, `px_per_mm` pixels a millimetre, pixel (0, 0) at the paper's corner.

    Only what holds fields is laid out, with a centimetre around it; the rest is left white.
    """
    flat = np.full((round(page.height_mm * px_per_mm), round(page.width_mm * px_per_mm)), 255, np.uint8)
    box = fields_box(page)
    left, top, width, height = (round(v * px_per_mm) for v in box)
    flat[top : top + height, left : left + width] = flatten(grey, homography, box, px_per_mm, shifts)
    return flat


def fields_box(page: PageLayout) -> Box:
    """All fields with a centimetre around them, in whole millimetres."""
    if not page.fields:
        return (0.0, 0.0, 1.0, 1.0)
    left = max(0, floor(min(f.x_mm for f in page.fields) - _AROUND_MM))
    top = max(0, floor(min(f.y_mm for f in page.fields) - _AROUND_MM))
    right = min(floor(page.width_mm), ceil(max(f.x_mm + f.width_mm for f in page.fields) + _AROUND_MM))
    bottom = min(floor(page.height_mm), ceil(max(f.y_mm + f.height_mm for f in page.fields) + _AROUND_MM))
    return (left, top, right - left, bottom - top)


def margin_boxes(page: PageLayout) -> tuple[Box, ...]:
    """What `flatten_page` leaves white: above and below the fields, left and right of them."""
    left, top, width, height = fields_box(page)
    right, bottom = left + width, top + height
    around = (
        (0.0, 0.0, page.width_mm, top),
        (0.0, bottom, page.width_mm, page.height_mm - bottom),
        (0.0, top, left, height),
        (right, top, page.width_mm - right, height),
    )
    return tuple(box for box in around if box[2] > 0 and box[3] > 0)


def flatten_roughly(grey: Grey, homography: Floats, page: PageLayout, px_per_mm: int, box: Box) -> Grey:
    """A part of the page by its homography alone, on a white page: what rows are matched on."""
    coarse = np.full((round(page.height_mm * px_per_mm), round(page.width_mm * px_per_mm)), 255, np.uint8)
    left, top, width, height = (round(v * px_per_mm) for v in box)
    # Flat pixel u stands at (u + 0.5) / px_per_mm millimetres.
    to_mm = np.array([[1, 0, left + 0.5], [0, 1, top + 0.5], [0, 0, px_per_mm]]) / px_per_mm
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    coarse[top : top + height, left : left + width] = cv2.warpPerspective(
        grey, homography @ to_mm, (width, height), flags=way, borderMode=cv2.BORDER_REPLICATE
    )
    return coarse
