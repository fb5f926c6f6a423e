"""Which faults one page gets: a machine is drawn once a batch, a page varies a little around it."""

from dataclasses import dataclass

import numpy as np

from ocr.deck.behaviour import ScannerProfile
from ocr.deck.camera import Shot, draw_shot
from ocr.deck.chance import bell, happens

_PAGE_VARIATION = 0.08
_COARSE_DPI = 150


@dataclass(frozen=True, slots=True)
class Machine:
    """One scanner on one day: optics and tone, as a `ScannerProfile` bounds them."""

    blur_mm: float
    white: float
    black: float
    gamma: float
    noise: float
    backing: float
    jpeg_quality: int


@dataclass(frozen=True, slots=True)
class Streak:
    """A line along the feed from dirt on the glass: `depth` in grey levels, negative for a light one."""

    x_share: float
    width_mm: float
    depth: float
    from_share: float
    to_share: float


@dataclass(frozen=True, slots=True)
class Fold:
    """The shadow of a crease across the page at `y_share` of its height."""

    y_share: float
    slope: float
    width_mm: float
    depth: float


@dataclass(frozen=True, slots=True)
class Stain:
    """A ring of coffee: centre and radius in shares of the width, `depth` as a share of the light."""

    x_share: float
    y_share: float
    radius_share: float
    depth: float


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything that happens to one page between the table and the file.

    `sampling` is how many pixels of the scan there are for one of the paper's raster; a page with a `shot`
    is photographed instead of scanned.
    """

    machine: Machine
    upside_down: bool
    skew_deg: float
    offset_mm: tuple[float, float]
    scale: tuple[float, float]
    corners_mm: tuple[tuple[float, float], ...]
    ripple_mm: float
    shading: float
    specks: int
    show_through: float
    copied: bool
    streaks: tuple[Streak, ...]
    fold: Fold | None
    stain: Stain | None
    sampling: float = 1.0
    bilevel: bool = False
    shot: Shot | None = None


def draw_machine(profile: ScannerProfile, rng: np.random.Generator) -> Machine:
    """Choose the scanner of a batch."""
    return Machine(
        blur_mm=rng.uniform(*profile.blur_mm),
        white=rng.uniform(*profile.white),
        black=rng.uniform(*profile.black),
        gamma=rng.uniform(*profile.gamma),
        noise=rng.uniform(*profile.noise),
        backing=rng.uniform(*profile.backing),
        jpeg_quality=int(rng.integers(profile.jpeg_quality[0], profile.jpeg_quality[1] + 1)),
    )


def draw_faults(
    profile: ScannerProfile,
    machine: Machine,
    streaks: tuple[Streak, ...],
    rng: np.random.Generator,
    *,
    upside_down: bool,
    dpi: int,
) -> Faults:
    """Choose what happens to one page that is rasterised at `dpi`."""
    stretch = bell(profile.stretch_max, rng)
    scale = 1.0 + bell(profile.scale_max, rng)
    through = rng.uniform(*profile.show_through) if happens(profile.show_through_share, rng) else 0.0
    corners = tuple(
        (bell(profile.perspective_mm_max, rng), bell(profile.perspective_mm_max, rng)) for _corner in range(4)
    )
    return Faults(
        machine=_varied(profile, machine, rng),
        upside_down=upside_down,
        skew_deg=bell(profile.skew_deg_max, rng, deviations=2.0),
        offset_mm=(bell(profile.offset_mm_max, rng), bell(profile.offset_mm_max, rng)),
        scale=(scale, scale * (1.0 + stretch)),
        corners_mm=corners,
        ripple_mm=rng.uniform(*profile.ripple_mm),
        shading=rng.uniform(0.0, profile.shading),
        specks=int(rng.poisson(profile.specks_per_page)),
        show_through=through,
        copied=happens(profile.copy_share, rng),
        streaks=streaks,
        fold=_draw_fold(rng) if happens(profile.fold_share, rng) else None,
        stain=_draw_stain(rng) if happens(profile.stain_share, rng) else None,
        sampling=min(1.0, _COARSE_DPI / dpi) if happens(profile.dpi150_share, rng) else 1.0,
        bilevel=happens(profile.bilevel_share, rng),
        shot=draw_shot(profile.camera, rng) if profile.camera is not None else None,
    )


def draw_streak(rng: np.random.Generator) -> Streak:
    """One line along the feed; three in four are dark, most run the whole length."""
    whole = happens(0.7, rng)
    start = 0.0 if whole else rng.uniform(0.0, 0.6)
    return Streak(
        x_share=rng.uniform(0.02, 0.98),
        width_mm=rng.uniform(0.1, 0.45),
        depth=rng.uniform(25.0, 150.0) * (1.0 if happens(0.75, rng) else -1.0),
        from_share=start,
        to_share=1.0 if whole else rng.uniform(start + 0.1, 1.0),
    )


def _draw_fold(rng: np.random.Generator) -> Fold:
    at = rng.choice([1 / 2, 1 / 3, 2 / 3]) + rng.normal(0.0, 0.01)
    return Fold(float(at), rng.normal(0.0, 0.01), rng.uniform(0.3, 1.2), rng.uniform(0.05, 0.35))


def _draw_stain(rng: np.random.Generator) -> Stain:
    return Stain(rng.random(), rng.random(), rng.uniform(0.12, 0.25), rng.uniform(0.1, 0.4))


def _varied(profile: ScannerProfile, machine: Machine, rng: np.random.Generator) -> Machine:
    def near(value: float, bounds: tuple[float, float]) -> float:
        sigma = _PAGE_VARIATION * (bounds[1] - bounds[0])
        return float(np.clip(rng.normal(value, sigma), *bounds)) if sigma > 0 else value

    return Machine(
        blur_mm=near(machine.blur_mm, profile.blur_mm),
        white=near(machine.white, profile.white),
        black=near(machine.black, profile.black),
        gamma=near(machine.gamma, profile.gamma),
        noise=near(machine.noise, profile.noise),
        backing=machine.backing,
        jpeg_quality=machine.jpeg_quality,
    )
