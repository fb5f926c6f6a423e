"""A telephone's picture of a page: tilted, unevenly lit, on a table that shows around it."""

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from ocr.deck.behaviour import CameraProfile
from ocr.deck.chance import bell, happens
from ocr.deck.ink import Image, Paper

Matrix = npt.NDArray[np.float64]
Field = npt.NDArray[np.float32]
_ASPECT = 0.75
_DISTANCE_PAGES = 1.3
_GRID_PX = 16
_LIGHT_SIDE = 48
_WOOD_SIDE = 1024
_FIBRE_PX = 24


@dataclass(frozen=True, slots=True)
class Shadow:
    """A hand's or the telephone's soft shadow; places and radii in shares of the picture."""

    x_share: float
    y_share: float
    radius_share: float
    depth: float


@dataclass(frozen=True, slots=True)
class Shot:
    """How one picture was taken. Shares are of the upright picture, levels of 255, angles as named."""

    height_px: int
    tilt_deg: float
    tilt_axis_rad: float
    turn_deg: float
    quarter_turns: int
    margin: float
    place: tuple[float, float]
    table: float
    light: float
    light_rad: float
    shadow: Shadow | None
    curl_mm: float
    motion_mm: float
    motion_rad: float

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the picture, quarter turns included."""
        upright = round(self.height_px * _ASPECT), self.height_px
        return upright if self.quarter_turns % 2 == 0 else upright[::-1]


def draw_shot(camera: CameraProfile, rng: np.random.Generator) -> Shot:
    """Choose how one picture is taken."""
    shadow = Shadow(
        x_share=float(rng.choice([0.0, 1.0])) + rng.normal(0.0, 0.12),
        y_share=rng.uniform(0.2, 1.1),
        radius_share=rng.uniform(0.25, 0.5),
        depth=rng.uniform(*camera.shadow),
    )
    return Shot(
        height_px=int(rng.integers(camera.long_side_px[0], camera.long_side_px[1] + 1)),
        tilt_deg=rng.uniform(*camera.tilt_deg),
        tilt_axis_rad=rng.uniform(0.0, math.tau),
        turn_deg=bell(camera.turn_deg_max, rng, deviations=2.0),
        quarter_turns=int(rng.integers(1, 4)) if happens(camera.quarter_turn_share, rng) else 0,
        margin=rng.uniform(*camera.margin),
        place=(rng.random(), rng.random()),
        table=rng.uniform(*camera.table),
        light=rng.uniform(*camera.light),
        light_rad=rng.uniform(0.0, math.tau),
        shadow=shadow if happens(camera.shadow_share, rng) else None,
        curl_mm=rng.uniform(*camera.curl_mm) if happens(camera.curl_share, rng) else 0.0,
        motion_mm=rng.uniform(*camera.motion_mm) if happens(camera.motion_share, rng) else 0.0,
        motion_rad=rng.uniform(0.0, math.pi),
    )


def shot_matrix(paper: Paper, shot: Shot) -> Matrix:
    """The homography from paper pixels to picture pixels, a flat sheet supposed."""
    height, width = paper.pixels.shape
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64)
    mm = (corners - (width / 2, height / 2)) / (paper.x_scale, paper.y_scale)
    seen = _projected(mm, shot, _DISTANCE_PAGES * height / paper.y_scale)
    picture = np.array((round(shot.height_px * _ASPECT), shot.height_px), dtype=np.float64)
    low, extent = seen.min(axis=0), np.ptp(seen, axis=0)
    least = shot.margin * picture
    scale = float(((picture - 2 * least) / extent).min())
    room = picture - 2 * least - scale * extent
    placed = _quarter_turned((seen - low) * scale + least + room * shot.place, shot)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), placed.astype(np.float32))
    return np.asarray(matrix, dtype=np.float64)


def photograph(paper: Paper, pixels: Image, shot: Shot, rng: np.random.Generator) -> Image:
    """See the page (`pixels`, as large as the paper) through the lens, with table, light and shadow."""
    map_x, map_y = _sight(paper, shot)
    seen = cv2.remap(
        pixels, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=shot.table
    )
    height, width = pixels.shape
    beside = (map_x < 0) | (map_x > width - 1) | (map_y < 0) | (map_y > height - 1)
    lit = seen.astype(np.float32)
    lit[beside] *= _wood(seen.shape, rng)[beside]
    lit *= _light(shot)
    return np.asarray(np.clip(lit, 0, 255), dtype=np.uint8)


def moved(picture: Image, shot: Shot, px_per_mm: float) -> Image:
    """Smear the picture along the way that the hand moved while the shutter was open."""
    length = shot.motion_mm * px_per_mm
    if length < 1.0:
        return picture
    side = 2 * math.ceil(length / 2) + 1
    kernel = np.zeros((side * 8, side * 8), dtype=np.float32)
    middle = side * 4
    reach = np.array((math.cos(shot.motion_rad), math.sin(shot.motion_rad))) * length * 4
    ends = [tuple(int(c) for c in np.round(middle + sign * reach)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 8)
    small = cv2.resize(kernel, (side, side), interpolation=cv2.INTER_AREA)
    smeared = cv2.filter2D(picture, -1, small / small.sum(), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smeared, dtype=np.uint8)


def _projected(mm: Matrix, shot: Shot, distance_mm: float) -> Matrix:
    """Points of the sheet (n, 2) in mm from its middle, turned, tilted and seen from `distance_mm`."""
    turn, tilt = math.radians(shot.turn_deg), math.radians(shot.tilt_deg)
    rotation = np.array(((math.cos(turn), -math.sin(turn)), (math.sin(turn), math.cos(turn))))
    axis = np.array((math.cos(shot.tilt_axis_rad), math.sin(shot.tilt_axis_rad)))
    across = np.array((-axis[1], axis[0]))
    flat = mm @ rotation.T
    along, off = flat @ axis, flat @ across
    nearer = distance_mm / (distance_mm + off * math.sin(tilt))
    seen = along[:, None] * axis + (off * math.cos(tilt))[:, None] * across
    return np.asarray(seen * nearer[:, None], dtype=np.float64)


def _quarter_turned(points: Matrix, shot: Shot) -> Matrix:
    width, height = round(shot.height_px * _ASPECT), shot.height_px
    for _turn in range(shot.quarter_turns):
        points = np.column_stack((height - points[:, 1], points[:, 0]))
        width, height = height, width
    return points


def _sight(paper: Paper, shot: Shot) -> tuple[Field, Field]:
    """For each pixel of the picture the place on the paper that it shows, in paper pixels."""
    width, height = shot.size_px
    columns = (np.arange(math.ceil(width / _GRID_PX)) + 0.5) * _GRID_PX - 0.5
    rows = (np.arange(math.ceil(height / _GRID_PX)) + 0.5) * _GRID_PX - 0.5
    grid = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 1, 2)
    at = cv2.perspectiveTransform(grid, np.linalg.inv(shot_matrix(paper, shot))).reshape(-1, 2)
    at = _curled(np.asarray(at, dtype=np.float64), paper, shot)
    shape = (rows.size, columns.size)
    full = (columns.size * _GRID_PX, rows.size * _GRID_PX)
    maps = np.stack([cv2.resize(at[:, i].reshape(shape).astype(np.float32), full) for i in (0, 1)])
    fitting = np.asarray(maps[:, :height, :width], dtype=np.float32)
    return fitting[0], fitting[1]


def _curled(at: Matrix, paper: Paper, shot: Shot) -> Matrix:
    """A sheet that bends upwards along its height moves its print a little, most between edge and middle."""
    if shot.curl_mm <= 0:
        return at
    height, width = paper.pixels.shape
    down, right = at[:, 1] / height, at[:, 0] / width - 0.5
    lift = shot.curl_mm * np.sin(math.pi * np.clip(down, -0.2, 1.2))
    at = at.copy()
    at[:, 1] += lift * paper.y_scale * math.sin(math.radians(shot.tilt_deg) + 0.25)
    at[:, 0] -= lift * paper.x_scale * right * (width / paper.x_scale) / 390.0
    return at


def _light(shot: Shot) -> Field:
    """How much light falls where, in (0, 1]: a slope across the picture, and the shadow."""
    width, height = shot.size_px
    small = (_LIGHT_SIDE, _LIGHT_SIDE)
    x, y = np.meshgrid(*(np.linspace(0.0, 1.0, side, dtype=np.float32) for side in small))
    slope = (x - 0.5) * math.cos(shot.light_rad) + (y - 0.5) * math.sin(shot.light_rad)
    light = 1.0 - shot.light * (0.5 + slope / math.sqrt(2.0))
    if shot.shadow is not None:
        aspect = height / width
        off = np.hypot(x - shot.shadow.x_share, (y - shot.shadow.y_share) * aspect)
        inside = 1.0 / (1.0 + np.exp((off - shot.shadow.radius_share) / 0.03))
        light = light * (1.0 - shot.shadow.depth * inside)
    return np.asarray(cv2.resize(light.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC))


def _wood(shape: tuple[int, ...], rng: np.random.Generator) -> Field:
    """A window of the table's grain around 1, as large as the picture."""
    grain = _grain()
    y, x = (int(rng.integers(0, _WOOD_SIDE)) for _axis in range(2))
    rows = (np.arange(shape[0]) // 2 + y) % _WOOD_SIDE
    columns = (np.arange(shape[1]) // 2 + x) % _WOOD_SIDE
    return grain[np.ix_(rows, columns)]


@cache
def _grain() -> Field:
    raw = np.random.default_rng(20_210_412).standard_normal((_WOOD_SIDE, _WOOD_SIDE), dtype=np.float32)
    pad = 4 * _FIBRE_PX
    fibres = cv2.GaussianBlur(np.pad(raw, pad, mode="wrap"), (0, 0), sigmaX=_FIBRE_PX, sigmaY=1.5)
    seamless = fibres[pad:-pad, pad:-pad]
    return np.asarray(1.0 + 0.07 * seamless / seamless.std(), dtype=np.float32)
