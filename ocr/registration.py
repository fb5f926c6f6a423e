"""Where the printed form lies on the scan: from millimetres on paper to pixels, and back to a flat page.

The four ArUco markers give a homography; then every question's row is matched against the printed
blank, because paper stretches and feeders slip. Neighbouring rows must agree on what they found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.errors import RegistrationFailed
from ocr.layout import Bubble, CodeArea, Fiducial, Field, PageLayout

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

# The flat page: 6 px/mm (152 dpi); rows are matched at half of that.
FLAT_PX_PER_MM = 6
_MATCH_PX_PER_MM = 3
_NODE_MM = 8.0
_SEARCH_MM = 14.0
_MAX_RESIDUAL_MM = 0.9
_ROW_SEARCH_MM = 2.0
_LINE_MARGIN_MM = 1.2
_NEIGHBOURS = 6
_MAX_NEIGHBOUR_MM = 0.5
# Across the page lines agree; down the page each line speaks for itself.
_SMOOTH_MM = (60.0, 5.0)
MIN_ROW_MATCH = 0.3


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

    def px_per_mm(self, x_mm: float, y_mm: float) -> float:
        """Mean scale at a point of the page."""
        ends = np.array([[x_mm - 20, y_mm], [x_mm + 20, y_mm], [x_mm, y_mm - 20], [x_mm, y_mm + 20]])
        px = project(self.homography, ends)
        return float((np.linalg.norm(px[1] - px[0]) + np.linalg.norm(px[3] - px[2])) / 80.0)


@dataclass(frozen=True, slots=True)
class RowFit:
    """How one question's row lies: what its match found, and what is used after its neighbours spoke.

    Attributes:
        match: correlation with the printed blank in [-1, 1].
        found_mm: float64 (2,), shift seen by this row alone.
        used_mm: float64 (2,), shift used.
        agrees: the row and its neighbours say the same.
    """

    match: float
    found_mm: Floats
    used_mm: Floats
    agrees: bool


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
    found: dict[int, Floats], page: PageLayout, codes_px: Sequence[Floats] = (), px_per_mm: float = 7.87
) -> Registration:
    """Fit the millimetre-to-pixel transform of one scanned page.

    Args:
        found: corners of the markers in pixels, by id (`find_fiducials`).
        page: printed geometry in millimetres, origin top left.
        codes_px: corners (4, 2) of each code that was read; they replace one missing marker.
        px_per_mm: the picture's approximate scale, to tell the residual in millimetres.

    Returns:
        The homography by least squares over all marker corners, and its worst residual.

    Raises:
        RegistrationFailed: fewer than 3 markers of this page, no code to replace the fourth, or the
            points do not lie as printed.
    Source: direct linear transform (Hartley & Zisserman 2004, ch. 4); limits from docs/adr/0006.
    """
    known = [f for f in page.fiducials if f.id in found]
    if len(known) < 3:  # noqa: PLR2004 - an affine frame needs three
        raise RegistrationFailed(f"Chỉ thấy {len(known)} trong {len(page.fiducials)} ô đen ở góc trang.")
    mm = np.concatenate([_square(f.x_mm, f.y_mm, f.size_mm) for f in known])
    px = np.concatenate([found[f.id] for f in known])
    if len(known) < len(page.fiducials):
        extra_mm, extra_px = _code_points(mm, px, page.codes, codes_px)
        if len(extra_mm) == 0:
            raise RegistrationFailed("Thiếu một ô đen ở góc trang và không có mã nào để thay.")
        mm, px = np.concatenate([mm, extra_mm]), np.concatenate([px, extra_px])
    homography, _ = cv2.findHomography(mm, px, 0)
    if homography is None:
        raise RegistrationFailed("Các ô đen ở góc trang không nằm đúng chỗ.")
    fitted = np.asarray(homography, np.float64)
    residual_mm = float(np.max(np.linalg.norm(project(fitted, mm) - px, axis=1)) / px_per_mm)
    if not np.isfinite(residual_mm) or residual_mm > _MAX_RESIDUAL_MM:
        raise RegistrationFailed(f"Các ô đen ở góc trang lệch {residual_mm:.1f} mm so với bản in.")
    return Registration(fitted, residual_mm, len(known))


def _square(x_mm: float, y_mm: float, size_mm: float) -> Floats:
    half = size_mm / 2
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


def flatten_page(
    grey: Grey, homography: Floats, page: PageLayout, px_per_mm: int, nodes_mm: "ShiftField | None" = None
) -> Grey:
    """Lay the page flat: uint8, `px_per_mm` pixels a millimetre, pixel (0, 0) at the paper's corner.

    Args:
        grey: the picture.
        homography: millimetres -> pixels of the picture.
        page: gives width and height.
        px_per_mm: scale of the result.
        nodes_mm: local shifts found by `fit_rows`; none by default.
    """
    width, height = round(page.width_mm * px_per_mm), round(page.height_mm * px_per_mm)
    step = round(_NODE_MM * px_per_mm)
    columns, rows = width // step + 3, height // step + 3
    # Node k stands at flat pixel (k - 1 + 0.5) * step - 0.5, where cv2.resize interpolates exactly.
    x_mm = ((np.arange(columns) - 0.5) * step) / px_per_mm
    y_mm = ((np.arange(rows) - 0.5) * step) / px_per_mm
    grid = np.stack(np.meshgrid(x_mm, y_mm), axis=-1).reshape(-1, 2)
    if nodes_mm is not None:
        grid = grid + nodes_mm.at(grid)
    px = project(homography, grid).astype(np.float32).reshape(rows, columns, 2)
    fine = cv2.resize(px, (columns * step, rows * step), interpolation=cv2.INTER_LINEAR)
    fine = fine[step : step + height, step : step + width]
    flat = cv2.remap(grey, fine, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload] # stubs want two maps
    return np.asarray(flat, np.uint8)


@dataclass(frozen=True, slots=True)
class ShiftField:
    """Local shifts over the page, smooth between the lines of bubbles that gave them."""

    centres_mm: Floats
    shifts_mm: Floats
    weights: Floats

    def at(self, points_mm: Floats) -> Floats:
        """The shift (n, 2) in millimetres at each point (n, 2): a weighted mean of near lines."""
        dy = (points_mm[:, None, 1] - self.centres_mm[None, :, 1]) / _SMOOTH_MM[1]
        dx = (points_mm[:, None, 0] - self.centres_mm[None, :, 0]) / _SMOOTH_MM[0]
        near = np.exp(-0.5 * np.minimum(dx * dx + dy * dy, 300.0)) * self.weights[None, :] + 1e-60
        return np.asarray(near @ self.shifts_mm / near.sum(axis=1, keepdims=True))


def _lines(field: Field) -> list[list[Bubble]]:
    """The bubbles of a question by printed line."""
    lines: dict[int, list[Bubble]] = {}
    for bubble in field.bubbles:
        lines.setdefault(round(bubble.y_mm), []).append(bubble)
    return list(lines.values())


def _line_box_mm(line: Sequence[Bubble]) -> tuple[float, float, float, float]:
    """The rectangle (left, top, right, bottom) around a line of rings, in millimetres."""
    return (
        min(b.x_mm - b.r_mm for b in line) - _LINE_MARGIN_MM,
        min(b.y_mm - b.r_mm for b in line) - _LINE_MARGIN_MM,
        max(b.x_mm + b.r_mm for b in line) + _LINE_MARGIN_MM,
        max(b.y_mm + b.r_mm for b in line) + _LINE_MARGIN_MM,
    )


def fit_rows(
    grey: Grey, homography: Floats, page: PageLayout, printed: Grey
) -> tuple[tuple[RowFit, ...], ShiftField]:
    """Match every line of bubbles against the printed blank, and let neighbours correct one another.

    Args:
        grey: the picture.
        homography: millimetres -> pixels.
        page: the printed geometry; rows are its choice fields, in order.
        printed: `coarse_blank` of the empty printed page.

    Returns:
        One fit per choice field in the page's order (of several lines the worst), and the smooth
        field of the shifts used.
    """
    lines = [(i, line) for i, f in enumerate(f for f in page.fields if f.bubbles) for line in _lines(f)]
    if not lines:
        return (), ShiftField(np.zeros((1, 2)), np.zeros((1, 2)), np.ones(1))
    flat = _coarse_page(grey, homography, page)
    boxes = [_line_box_mm(line) for _, line in lines]
    matches = [_match_line(flat, printed, box) for box in boxes]
    centres = np.array([((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for box in boxes])
    scores = np.array([m[0] for m in matches])
    found = np.array([m[1] for m in matches])
    weights = np.clip(scores, 0.02, 1.0) ** 4
    used = np.array([_expected(c, centres, found, weights) for c in centres])
    agrees = (np.linalg.norm(found - used, axis=1) <= _MAX_NEIGHBOUR_MM) & (scores >= MIN_ROW_MATCH)
    rows: list[RowFit] = []
    for number in range(lines[-1][0] + 1):
        own = [k for k, (i, _) in enumerate(lines) if i == number]
        worst = min(own, key=lambda k: (agrees[k], scores[k]))
        rows.append(RowFit(float(scores[worst]), found[worst], used[worst], bool(agrees[worst])))
    shifts = np.where(agrees[:, None], found, used)
    return tuple(rows), ShiftField(centres, shifts, np.where(agrees, weights, 1e-3 * weights))


def _coarse_page(grey: Grey, homography: Floats, page: PageLayout) -> Grey:
    """The flat page at 3 px/mm; halved first, so that thin rings and noise are averaged and not skipped."""
    height, width = grey.shape[0] // 2, grey.shape[1] // 2
    # An odd row or column more would make this halving forty times as slow.
    half = cv2.resize(grey[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    # Pixel centres: position x on the picture is (x - 0.5) / 2 on its half.
    to_half = np.array([[0.5, 0, -0.25], [0, 0.5, -0.25], [0, 0, 1.0]])
    # Flat pixel u stands at (u + 0.5) / 3 millimetres.
    to_mm = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, _MATCH_PX_PER_MM]]) / _MATCH_PX_PER_MM
    size = (round(page.width_mm * _MATCH_PX_PER_MM), round(page.height_mm * _MATCH_PX_PER_MM))
    back = to_half @ homography @ to_mm
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpPerspective(half, back, size, flags=way, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def coarse_blank(blank: Grey) -> Grey:
    """The printed blank as `fit_rows` compares with it: 3 px/mm, a little soft."""
    height, width = blank.shape
    size = (width * _MATCH_PX_PER_MM // FLAT_PX_PER_MM, height * _MATCH_PX_PER_MM // FLAT_PX_PER_MM)
    small = cv2.resize(blank, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.6), np.uint8)


def _match_line(flat: Grey, blank: Grey, box: tuple[float, float, float, float]) -> tuple[float, Floats]:
    """Correlation and shift (x, y) in millimetres of one line."""
    reach = round(_ROW_SEARCH_MM * _MATCH_PX_PER_MM)
    left, top, right, bottom = (round(v * _MATCH_PX_PER_MM) for v in box)
    left, top = max(left, reach), max(top, reach)
    right, bottom = min(right, flat.shape[1] - reach), min(bottom, flat.shape[0] - reach)
    printed = blank[top:bottom, left:right]
    seen = flat[top - reach : bottom + reach, left - reach : right + reach]
    scores = np.asarray(cv2.matchTemplate(seen, printed, cv2.TM_CCOEFF_NORMED), np.float64)
    row, column = divmod(int(np.argmax(scores)), scores.shape[1])
    shift = np.array([_peak(scores[row, :], column) - reach, _peak(scores[:, column], row) - reach])
    at_edge = row in (0, scores.shape[0] - 1) or column in (0, scores.shape[1] - 1)
    return 0.0 if at_edge else float(scores[row, column]), shift / _MATCH_PX_PER_MM


def _peak(values: Floats, at: int) -> float:
    """Where the parabola through the best value and its neighbours has its top."""
    if at in (0, len(values) - 1):
        return float(at)
    before, here, after = values[at - 1], values[at], values[at + 1]
    bend = before - 2 * here + after
    return float(at) if bend >= 0 else float(at + 0.5 * (before - after) / bend)


def _expected(centre: Floats, centres: Floats, found: Floats, weights: Floats) -> Floats:
    """The shift at one line by a straight line through its neighbours', outliers weighed down.

    Source: iteratively reweighted least squares with Cauchy weights (Huber 1981, ch. 7).
    """
    gap = np.abs(centres[:, 1] - centre[1]) + 0.3 * np.abs(centres[:, 0] - centre[0])
    near = np.argsort(gap, kind="stable")[:_NEIGHBOURS]
    slope = np.column_stack([np.ones(len(near)), (centres[near, 1] - centre[1]) / 50.0])
    flatness = np.diag([0.0, 0.02])
    weight = weights[near].copy()
    fitted = found[near].mean(axis=0)
    for _ in range(3):
        weighted = slope * weight[:, None]
        normal = slope.T @ weighted + flatness * weight.sum() + 1e-9 * np.eye(2)
        solution = np.linalg.solve(normal, weighted.T @ found[near])
        fitted = solution[0]
        off = np.linalg.norm(found[near] - slope @ solution, axis=1)
        weight = weights[near] / (1.0 + (off / 0.25) ** 2)
    return np.asarray(fitted)
