"""An office scanner: a sheet of paper in, a grey picture with its faults out."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from ocr.deck.camera import moved, photograph, shot_matrix
from ocr.deck.faults import Faults, Fold, Machine, Stain, Streak
from ocr.deck.hands.model import Part
from ocr.deck.ink import Image, Paper, Patch
from ocr.deck.optics.flatbed import blurred
from ocr.deck.optics.model import OPTICS

Matrix = npt.NDArray[np.float64]
STRONGEST_PIXELS = 40
_STRONGEST_AT_DPI = 200.0
_MM_PER_INCH = 25.4


def scan_page(
    paper: Paper, reverse: Image | None, faults: Faults, rng: np.random.Generator, part: Part = "train"
) -> Image:
    """Scan one side with the optics of that part of a measurement.

    `reverse` is the other side's raster, needed where `faults.show_through` > 0.
    """
    optics, pixels = OPTICS[part], paper.pixels
    if reverse is not None and faults.show_through > 0:
        pixels = _shine_through(pixels, reverse, faults.show_through)
    if faults.copied:
        pixels = _photocopy(pixels, rng)
    if faults.fold is not None or faults.stain is not None:
        pixels = _crease_and_stain(paper, pixels, faults)
    px_per_mm = paper.x_scale * faults.sampling
    if faults.shot is None:
        scan = optics.blurred(_feed(paper, pixels, faults), faults.machine.blur_mm * px_per_mm)
    else:
        px_per_mm = _px_per_mm(paper, feed_matrix(paper, faults))
        scan = optics.blurred(photograph(paper, pixels, faults.shot, rng), faults.machine.blur_mm * px_per_mm)
        scan = moved(scan, faults.shot, px_per_mm)
    for streak in faults.streaks:
        _draw_streak(scan, streak, px_per_mm)
    toned = np.asarray(cv2.LUT(scan, tone_curve(faults.machine)), dtype=np.uint8)
    scan = _shaded(toned, faults.shading, rng)
    scan = optics.noisy(scan, faults.machine.noise, rng)
    _draw_specks(scan, faults.specks, px_per_mm, rng)
    return scan


def contrast_of(patches: tuple[Patch, ...], paper: Paper, faults: Faults, threshold: int | None) -> float:
    """Grey levels by which a mark differs from no mark in this scan, before noise and compression.

    The mean over the strongest 40 px (at 200 dpi; as many square millimetres at other resolutions) of
    the weakest of the patches; 0.0 without patches. `threshold` is the bilevel cut, if there is one. A
    photographed page counts as flat, still and evenly lit.
    """
    matrix = feed_matrix(paper, faults)
    curve = tone_curve(faults.machine)
    if threshold is not None:
        curve = np.where(curve < threshold, 0, 255).astype(np.uint8)
    px_per_mm = _px_per_mm(paper, matrix)
    strongest = max(1, round(STRONGEST_PIXELS * (px_per_mm * _MM_PER_INCH / _STRONGEST_AT_DPI) ** 2))
    blur_px = faults.machine.blur_mm * px_per_mm
    levels = [_patch_contrast(patch, matrix, blur_px, curve, strongest) for patch in patches]
    return min(levels, default=0.0)


def feed_matrix(paper: Paper, faults: Faults) -> Matrix:
    """The homography from paper pixels to scan pixels: turn, skew, scale, offset, keystone, or the lens."""
    if faults.shot is not None:
        return shot_matrix(paper, faults.shot)
    height, width = paper.pixels.shape
    turn = math.radians(faults.skew_deg + (180.0 if faults.upside_down else 0.0))
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64)
    middle = np.array((width / 2, height / 2))
    scaled = (corners - middle) * faults.scale
    rotation = np.array(((math.cos(turn), -math.sin(turn)), (math.sin(turn), math.cos(turn))))
    per_mm = np.array((paper.x_scale, paper.y_scale))
    placed = scaled @ rotation.T + middle + np.array(faults.offset_mm) * per_mm
    placed += np.array(faults.corners_mm) * per_mm
    matrix = cv2.getPerspectiveTransform(
        corners.astype(np.float32), placed.astype(np.float32) * np.float32(faults.sampling)
    )
    return np.asarray(matrix, dtype=np.float64)


def _px_per_mm(paper: Paper, matrix: Matrix) -> float:
    """Pixels of the scan a millimetre, in the middle of the page."""
    height, width = paper.pixels.shape
    middle = np.array([[(width / 2, height / 2), (width / 2 + 10 * paper.x_scale, height / 2)]])
    ends = cv2.perspectiveTransform(middle, matrix)[0]
    return float(np.hypot(*(ends[1] - ends[0])) / 10.0)


def tone_curve(machine: Machine) -> Image:
    """Grey on paper to grey in the file, 256 levels."""
    light = (np.arange(256) / 255.0) ** machine.gamma
    levels = machine.black + (machine.white - machine.black) * light
    return np.asarray(np.clip(np.round(levels), 0, 255), dtype=np.uint8)


def _feed(paper: Paper, pixels: Image, faults: Faults) -> Image:
    matrix = feed_matrix(paper, faults)
    height, width = pixels.shape
    if faults.ripple_mm > 0:
        pixels = _rippled(pixels, faults.ripple_mm * paper.y_scale)
    scan = cv2.warpPerspective(
        pixels,
        matrix,
        (round(width * faults.sampling), round(height * faults.sampling)),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=faults.machine.backing,
    )
    return np.asarray(scan, dtype=np.uint8)


def _rippled(pixels: Image, amplitude_px: float) -> Image:
    """Uneven feed: rows come a little early or late."""
    height, width = pixels.shape
    rows = np.arange(height, dtype=np.float32)
    shifted = rows + np.float32(amplitude_px) * np.sin(rows * np.float32(math.tau * 3.3 / height))
    columns = np.arange(width, dtype=np.float32)
    map_x = np.broadcast_to(columns, (height, width)).copy()
    map_y = np.broadcast_to(shifted[:, None], (height, width)).astype(np.float32)
    late = cv2.remap(pixels, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(late, dtype=np.uint8)


def _shine_through(pixels: Image, reverse: Image, share: float) -> Image:
    back = cv2.bitwise_not(cv2.flip(blurred(reverse, 1.5), 1))
    return np.asarray(cv2.addWeighted(pixels, 1.0, back, -share, 0.0), dtype=np.uint8)


def _photocopy(pixels: Image, rng: np.random.Generator) -> Image:
    """A copier's hard contrast, thickened or thinned lines, and toner dust."""
    soft = blurred(pixels, rng.uniform(0.6, 1.4)).astype(np.float32)
    cut, softness = rng.uniform(120.0, 190.0), rng.uniform(10.0, 30.0)
    hard = np.float32(255.0) / (1.0 + np.exp((np.float32(cut) - soft) / np.float32(softness)))
    copied = hard.astype(np.uint8)
    dust = rng.random((pixels.shape[0] // 2 + 1, pixels.shape[1] // 2 + 1), dtype=np.float32)
    grains = cv2.resize(dust, (pixels.shape[1], pixels.shape[0]), interpolation=cv2.INTER_NEAREST)
    dusty = np.where(grains > 1.0 - rng.uniform(0.0, 0.0015), 40, copied)
    return dusty.astype(np.uint8)


def _crease_and_stain(paper: Paper, pixels: Image, faults: Faults) -> Image:
    pixels = pixels.copy()
    if faults.fold is not None:
        _draw_fold(pixels, faults.fold, paper.y_scale)
    if faults.stain is not None:
        _draw_stain(pixels, faults.stain)
    return pixels


def _draw_fold(pixels: Image, fold: Fold, y_scale: float) -> None:
    height, width = pixels.shape
    reach = int(4 * fold.width_mm * y_scale + abs(fold.slope) * width) + 2
    top, bottom = max(0, int(fold.y_share * height) - reach), min(height, int(fold.y_share * height) + reach)
    line = fold.y_share * height + fold.slope * (np.arange(width, dtype=np.float32) - width / 2)
    off = (np.arange(top, bottom, dtype=np.float32)[:, None] - line) / (fold.width_mm * y_scale)
    shadow = fold.depth * np.exp(-(off**2)) - 0.3 * fold.depth * np.exp(-((off - 2.0) ** 2))
    band = pixels[top:bottom]
    band[:] = np.clip(band * (1.0 - shadow), 0, 255).astype(np.uint8)


def _draw_stain(pixels: Image, stain: Stain) -> None:
    height, width = pixels.shape
    shade = np.zeros((height // 4, width // 4), dtype=np.float32)
    centre = (int(stain.x_share * width / 4), int(stain.y_share * height / 4))
    radius = int(stain.radius_share * width / 4)
    cv2.circle(shade, centre, radius, stain.depth * 0.35, -1)
    cv2.circle(shade, centre, radius, stain.depth, max(2, radius // 12))
    full = cv2.resize(cv2.GaussianBlur(shade, (0, 0), 2.0), (width, height))
    pixels[:] = (pixels * (1.0 - full)).astype(np.uint8)


def _draw_streak(scan: Image, streak: Streak, x_scale: float) -> None:
    height, width = scan.shape
    left = int(streak.x_share * width)
    right = min(width, left + max(1, round(streak.width_mm * x_scale)))
    column = scan[int(streak.from_share * height) : int(streak.to_share * height), left:right]
    column[:] = np.clip(column.astype(np.int16) - round(streak.depth), 0, 255).astype(np.uint8)


def _shaded(scan: Image, shading: float, rng: np.random.Generator) -> Image:
    if shading <= 0:
        return scan
    corners = (rng.random((3, 3)) * shading * 255.0).astype(np.uint8)
    dark = cv2.resize(corners, (scan.shape[1], scan.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.subtract(scan, dark), dtype=np.uint8)


def _draw_specks(scan: Image, count: int, x_scale: float, rng: np.random.Generator) -> None:
    for _speck in range(count):
        centre = (int(rng.integers(0, scan.shape[1])), int(rng.integers(0, scan.shape[0])))
        axes = (
            max(1, round(rng.uniform(0.05, 0.25) * x_scale)),
            max(1, round(rng.uniform(0.05, 0.2) * x_scale)),
        )
        cv2.ellipse(scan, centre, axes, rng.uniform(0, 180), 0, 360, rng.uniform(30, 170), -1, cv2.LINE_AA)


def _patch_contrast(patch: Patch, matrix: Matrix, blur_px: float, curve: Image, strongest: int) -> float:
    height, width = patch.before.shape
    corners = np.array([[(0, 0), (width, 0), (width, height), (0, height)]], dtype=np.float64)
    placed = cv2.perspectiveTransform(corners + np.array((patch.x_px, patch.y_px)), matrix)[0]
    low = np.floor(placed.min(axis=0))
    size = np.ceil(placed.max(axis=0) - low).astype(int) + 1
    local = _shift(-low[0], -low[1]) @ matrix @ _shift(patch.x_px, patch.y_px)
    shape = (int(size[0]), int(size[1]))
    seen = [_toned(side, local, shape, blur_px, curve) for side in (patch.before, patch.after)]
    gained = np.sort((seen[0] - seen[1]).ravel())
    return float(max(gained[-strongest:].mean(), 0.0))


def _toned(
    pixels: Image, matrix: Matrix, shape: tuple[int, int], blur_px: float, curve: Image
) -> npt.NDArray[np.float32]:
    placed = cv2.warpPerspective(pixels, matrix, shape, borderMode=cv2.BORDER_REPLICATE)
    soft = blurred(np.asarray(placed, dtype=np.uint8), blur_px)
    return np.asarray(cv2.LUT(soft, curve), dtype=np.float32)


def _shift(x_px: float, y_px: float) -> Matrix:
    return np.array(((1.0, 0.0, x_px), (0.0, 1.0, y_px), (0.0, 0.0, 1.0)))
