"""Where a form that we did not print lies on a scan: by its blank's features, its marks, or its outline.

Every way ends in one homography from the template's unit to pixels of the picture; whether the bubbles
really lie there, reading checks by what is printed around them.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.anyform.template import Template
from ocr.anyform.timing import match_timing
from ocr.errors import RegistrationFailed

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

_FEATURE_LONG_PX = 800
_MOST_FEATURES = 1500
_RATIO = 0.8
_LEAST_MATCHES = 20
_LEAST_SPREAD = 0.2
_RANSAC_PX = 2.5
_LEAST_PAGE_SHARE = 0.08
_LEAST_STEP = 25
_SCALES = np.geomspace(0.55, 1.5, 21)
_LEAST_MARK_MATCH = 0.3
_SKEWED_SIDES = 1.3
_CORNER_SEARCH = 0.12
_LEAST_MARK_PX = 8


@dataclass(frozen=True, slots=True)
class Placed:
    """A page that was found: homography (3, 3) from the template's unit to pixels, and of how many points."""

    homography: Floats
    points: int


def place_page(grey: Grey, template: Template) -> Placed:
    """Find the template's page on a picture.

    Args:
        grey: uint8, any light; upright unless the template has a blank to compare with.
        template: says how.

    Raises:
        RegistrationFailed: what the template names is not there, or not where a page has it.
    """
    page = np.eye(3)
    if template.landmarks.crop_page:
        page = _page_homography(grey)
        grey = _cut(grey, page)
        page = page @ np.diag([1 / grey.shape[1], 1 / grey.shape[0], 1.0])
    placed = _PLACERS[template.landmarks.method](grey, template)
    homography = page @ placed.homography
    return Placed(homography / homography[2, 2], placed.points)


def flatten_to_template(grey: Grey, template: Template) -> Grey:
    """A picture of the form laid out as the template's page, in about the picture's own resolution.

    Args:
        grey: uint8, any picture that `place_page` finds.
        template: in pixels or millimetres.

    Raises:
        RegistrationFailed: as `place_page`.
    """
    homography = place_page(grey, template).homography
    corners = cv2.perspectiveTransform(_corners_of(template.width, template.height)[None], homography)[0]
    scale = float(np.linalg.norm(corners[1] - corners[0]) / template.width)
    size = (round(template.width * scale), round(template.height * scale))
    way = _HALF_BACK @ homography @ np.diag([1 / scale, 1 / scale, 1.0]) @ _HALF
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpPerspective(grey, way, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _corners_of(width: float, height: float) -> Floats:
    return np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])


def _through(points: Floats, px: Floats) -> Floats:
    """The homography through four points; refused where they make no plausible page."""
    sides = np.linalg.norm(np.roll(px, -1, axis=0) - px, axis=1)
    ratios = (sides[0] / sides[2], sides[1] / sides[3])
    if (
        not cv2.isContourConvex(px.astype(np.float32))
        or max(*ratios, *(1 / r for r in ratios)) > _SKEWED_SIDES
    ):
        raise RegistrationFailed("Bốn góc tìm được không làm thành một trang giấy.")
    return np.asarray(
        cv2.getPerspectiveTransform(points.astype(np.float32), px.astype(np.float32)), np.float64
    )


# --- the paper's outline --------------------------------------------------------------------------


def _page_homography(grey: Grey) -> Floats:
    """From the unit square to the four corners of the paper, which is brighter than what it lies on."""
    soft = cv2.GaussianBlur(grey, (0, 0), max(1.0, max(grey.shape) / 500))
    level, _ = cv2.threshold(soft, 0, 255, cv2.THRESH_OTSU)
    if not (soft <= level).any() or soft[soft > level].mean() - soft[soft <= level].mean() < _LEAST_STEP:
        raise RegistrationFailed("Không thấy mép tờ giấy trong ảnh.")
    bright = (soft > level).astype(np.uint8)
    size = max(3, max(grey.shape) // 60)
    bright = np.asarray(cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8)), np.uint8)
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea, default=np.zeros((0, 1, 2), np.int32))
    if len(largest) == 0 or cv2.contourArea(largest) < _LEAST_PAGE_SHARE * grey.size:
        raise RegistrationFailed("Không thấy mép tờ giấy trong ảnh.")
    hull = np.asarray(cv2.convexHull(largest), np.int32)
    corners = _quadrilateral(hull)
    # A pixel's centre lies at half numbers; the paper reaches half a pixel beyond its outermost pixels.
    edges = _straightened(corners, np.asarray(largest, np.int32).reshape(-1, 2)) + 0.5
    return _through(_corners_of(1.0, 1.0), edges)


def _quadrilateral(hull: NDArray[np.int32]) -> Floats:
    """Four corners of a convex outline, clockwise from the top left."""
    length = cv2.arcLength(hull, closed=True)
    for share in np.linspace(0.01, 0.1, 19):
        found = cv2.approxPolyDP(hull, share * length, closed=True).reshape(-1, 2).astype(np.float64)
        if len(found) == 4:  # noqa: PLR2004 - a page has four corners
            return _clockwise(found)
    raise RegistrationFailed("Mép tờ giấy trong ảnh không có bốn góc.")


def _clockwise(corners: Floats) -> Floats:
    """Top left, top right, bottom right, bottom left."""
    total, difference = corners.sum(axis=1), corners[:, 0] - corners[:, 1]
    order = [total.argmin(), difference.argmax(), total.argmax(), difference.argmin()]
    if len(set(order)) != len(corners):
        raise RegistrationFailed("Tờ giấy trong ảnh bị xoay nghiêng quá.")
    return corners[order]


def _straightened(corners: Floats, outline: NDArray[np.int32]) -> Floats:
    """Corners where lines through the middle of the edges meet: rounded or torn corners do no harm."""
    lines = []
    for one, other in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = other - one
        share = ((outline - one) @ along) / (along @ along)
        off = np.abs(
            np.cross(np.append(along, 0), np.column_stack([outline - one, np.zeros(len(outline))]))[:, 2]
        )
        near = (share > 0.1) & (share < 0.9) & (off < 0.02 * (along @ along))  # noqa: PLR2004 - the corners left out
        fitted = (
            cv2.fitLine(outline[near].astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01)
            if near.sum() > 1
            else None
        )
        dx, dy, x, y = np.ravel(fitted).astype(np.float64) if fitted is not None else (*along, *one)
        lines.append(np.array([dy, -dx, dx * y - dy * x]))
    meet = [np.cross(lines[i - 1], lines[i]) for i in range(len(lines))]
    return np.array([m[:2] / m[2] for m in meet])


def _cut(grey: Grey, page: Floats) -> Grey:
    """The paper alone, laid flat, about as large as it is on the picture."""
    corners = cv2.perspectiveTransform(_corners_of(1.0, 1.0)[None], page)[0]
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = round(max(sides[0], sides[2])), round(max(sides[1], sides[3]))
    # From pixels of the cut to pixels of the picture, both with their centres at half numbers.
    way = _HALF_BACK @ page @ np.diag([1 / width, 1 / height, 1.0]) @ _HALF
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(grey, way, (width, height), flags=flags), np.uint8)


_HALF = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
_HALF_BACK = np.linalg.inv(_HALF)


def _by_page(grey: Grey, template: Template) -> Placed:
    """The picture, already cut if it was to be, is the page."""
    way = np.diag([grey.shape[1] / template.width, grey.shape[0] / template.height, 1.0])
    return Placed(way, 4)


# --- four marks -----------------------------------------------------------------------------------


def _by_marks(grey: Grey, template: Template) -> Placed:
    """The mark's picture is sought in every quarter of the page, at one size for all."""
    if template.mark is None:
        raise RegistrationFailed("Mẫu không có ảnh dấu ở góc.")
    expected = template.landmarks.mark_width / template.width * grey.shape[1]
    tries = [_match_quarters(grey, template.mark, expected * scale) for scale in _SCALES]
    scores, px = max(tries, key=lambda found: sum(found[0]) - 2 * max(0, _LEAST_MARK_MATCH - min(found[0])))
    if min(scores) < _LEAST_MARK_MATCH:
        raise RegistrationFailed("Không thấy đủ bốn dấu ở góc trang.")
    return Placed(_through(np.array(template.landmarks.points), np.array(px)), 4)


def _match_quarters(grey: Grey, mark: Grey, width_px: float) -> tuple[list[float], list[Floats]]:
    """Best correlation in each quarter, and the mark's centre there."""
    size = (round(width_px), round(width_px * mark.shape[0] / mark.shape[1]))
    if min(size) < _LEAST_MARK_PX or max(size) * 2 > min(grey.shape):
        return [0.0] * 4, [np.zeros(2)] * 4
    small = cv2.GaussianBlur(cv2.resize(mark, size, interpolation=cv2.INTER_AREA), (0, 0), 0.7)
    height, width = grey.shape
    scores, centres = [], []
    for left, top in ((0, 0), (width // 2, 0), (width // 2, height // 2), (0, height // 2)):
        quarter = grey[top : top + height // 2, left : left + width // 2]
        match = np.asarray(cv2.matchTemplate(quarter, small, cv2.TM_CCOEFF_NORMED), np.float32)
        y, x = np.unravel_index(int(match.argmax()), match.shape)
        peak = np.array([_vertex(match[y, x - 1 : x + 2]), _vertex(match[y - 1 : y + 2, x])])
        scores.append(float(match[y, x]))
        centres.append(peak + np.array((left + x + size[0] / 2, top + y + size[1] / 2)))
    return scores, centres


def _vertex(values: NDArray[np.float32]) -> float:
    """Where a parabola through three neighbouring values has its top, from the middle one."""
    if len(values) < 3:  # noqa: PLR2004 - at the edge there are two
        return 0.0
    before, top, after = map(float, values)
    bend = before - 2 * top + after
    return 0.0 if bend == 0 else float(np.clip((before - after) / (2 * bend), -0.5, 0.5))


# --- four dark shapes -----------------------------------------------------------------------------


def _by_corners(grey: Grey, template: Template) -> Placed:
    """The dark shapes in the corners, each sought around where the template has it on a full page."""
    scale = np.array([grey.shape[1] / template.width, grey.shape[0] / template.height])
    centre = np.array([template.width, template.height]) / 2
    outer = template.landmarks.anchor == "outer"
    px = [
        _dark_shape(grey, np.array(p) * scale, np.sign(np.array(p) - centre), outer=outer)
        for p in template.landmarks.points
    ]
    return Placed(_through(np.array(template.landmarks.points), np.array(px)), 4)


def _dark_shape(grey: Grey, at: Floats, outwards: Floats, *, outer: bool) -> Floats:
    """The outer corner, or the centre, of the solid dark shape nearest to a place."""
    reach = round(_CORNER_SEARCH * min(grey.shape))
    left, top = (max(0, int(v) - reach) for v in at)
    zone = grey[top : int(at[1]) + reach, left : int(at[0]) + reach]
    dark = cv2.threshold(zone, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1]
    solid = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    best, best_gap = None, np.inf
    for number in range(1, len(stats)):
        if stats[number, cv2.CC_STAT_AREA] < _LEAST_MARK_PX**2:
            continue
        y, x = np.nonzero(labels == number)
        points = np.column_stack([x + left, y + top]) + 0.5
        point = points[(points @ outwards).argmax()] if outer else points.mean(axis=0)
        gap = float(np.linalg.norm(point - at))
        best, best_gap = (point, gap) if gap < best_gap else (best, best_gap)
    if best is None:
        raise RegistrationFailed("Không thấy hình đen ở góc trang.")
    return np.asarray(best, np.float64)


# --- everything that is printed -------------------------------------------------------------------


_SIFT = cv2.SIFT_create(_MOST_FEATURES)  # type: ignore[attr-defined] # the stubs leave it out


@dataclass(frozen=True, slots=True)
class _Features:
    points: Floats
    descriptors: NDArray[np.float32]


def _by_features(grey: Grey, template: Template) -> Placed:
    """SIFT points of the scan matched to those of the blank, whichever way up the scan is.

    Source: Lowe 2004; Barath et al. 2020 (MAGSAC++) for the homography.
    """
    printed, seen = _blank_features(template), _features(grey)
    if len(seen.points) < 2 or len(printed.points) < 2:  # noqa: PLR2004 - the ratio test needs two
        raise RegistrationFailed("Trang này không giống phiếu trắng của mẫu.")
    pairs = cv2.BFMatcher().knnMatch(printed.descriptors, seen.descriptors, k=2)
    good = [(m.queryIdx, m.trainIdx) for m, n in pairs if m.distance < _RATIO * n.distance]
    if len(good) < _LEAST_MATCHES:
        raise RegistrationFailed("Trang này không giống phiếu trắng của mẫu.")
    units = printed.points[[i for i, _ in good]]
    px = seen.points[[j for _, j in good]]
    limit = _RANSAC_PX * max(1.0, max(grey.shape) / _FEATURE_LONG_PX)
    homography, kept = cv2.findHomography(units, px, cv2.USAC_MAGSAC, limit, maxIters=5000, confidence=0.999)
    inliers = units[np.ravel(kept).astype(bool)] if homography is not None else units[:0]
    spread = np.ptp(inliers, axis=0).min() if len(inliers) else 0.0
    if len(inliers) < _LEAST_MATCHES or spread < _LEAST_SPREAD * min(template.width, template.height):
        raise RegistrationFailed("Trang này không giống phiếu trắng của mẫu.")
    return Placed(np.asarray(homography, np.float64), len(inliers))


def _features(grey: Grey) -> _Features:
    """SIFT points of a picture, shrunk, in its own full pixels."""
    shrink = min(1.0, _FEATURE_LONG_PX / max(grey.shape))
    small = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    points, descriptors = _SIFT.detectAndCompute(small, None)
    at = np.array([p.pt for p in points], np.float64).reshape(-1, 2)
    if descriptors is None:  # nothing at all on the picture
        return _Features(at, np.zeros((0, 0), np.float32))
    # Pixel (x, y) of the small picture has its centre at (x + 0.5, y + 0.5).
    return _Features((at + 0.5) / shrink, np.asarray(descriptors, np.float32))


@lru_cache(maxsize=8)
def _blank_features(template: Template) -> _Features:
    """Features of the blank, in the template's unit."""
    if template.blank is None:
        raise RegistrationFailed("Mẫu không có ảnh phiếu trắng.")
    found = _features(template.blank)
    height, width = template.blank.shape
    return _Features(found.points * (template.width / width, template.height / height), found.descriptors)


def _by_timing(grey: Grey, template: Template) -> Placed:
    homography, count = match_timing(grey, template.landmarks.points)
    return Placed(homography, count)


_PLACERS = {
    "features": _by_features,
    "marks": _by_marks,
    "corners": _by_corners,
    "timing": _by_timing,
    "page": _by_page,
}
