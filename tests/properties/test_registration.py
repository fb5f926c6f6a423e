"""Whatever way a page lies on the glass, its millimetres are found again."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ocr.layout import CodeArea, Fiducial, PageLayout
from ocr.registration import project, register_page

SIZE_MM = 8.0
CORNERS = ((0, 20.0, 20.5), (1, 190.0, 20.5), (2, 190.0, 276.5), (3, 20.0, 276.5))
PAGE = PageLayout(
    1,
    210.0,
    297.0,
    tuple(Fiducial(i, x, y, SIZE_MM) for i, x, y in CORNERS),
    (CodeArea(181.0, 41.0, 16.0), CodeArea(64.0, 275.5, 16.0)),
    96.0,
    267.0,
    24.0,
    5.0,
    (),
)
PX_PER_MM = 7.874


@st.composite
def homographies(draw: st.DrawFn) -> NDArray[np.float64]:
    """Skew, offset, scale, stretch and perspective of a bad scanner, millimetres to pixels."""
    angle = np.radians(draw(st.floats(-5, 5)))
    scale_x, scale_y = (PX_PER_MM * draw(st.floats(0.97, 1.03)) for _ in range(2))
    shift_x, shift_y = (draw(st.floats(-60, 60)) for _ in range(2))
    bend_x, bend_y = (draw(st.floats(-1e-4, 1e-4)) for _ in range(2))
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    true: NDArray[np.float64] = (
        np.array([[1, 0, shift_x], [0, 1, shift_y], [0, 0, 1.0]])
        @ turn
        @ np.diag([scale_x, scale_y, 1.0])
        @ np.array([[1, 0, 0], [0, 1, 0], [bend_x, bend_y, 1.0]])
    )
    return true


def _corners(x_mm: float, y_mm: float, side_mm: float) -> NDArray[np.float64]:
    half = side_mm / 2
    return np.array([[x_mm + dx * half, y_mm + dy * half] for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))])


def _worst_mm(found: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    grid = np.array([[x, y] for x in range(20, 200, 30) for y in range(20, 280, 30)], float)
    return float(np.linalg.norm(project(found, grid) - project(true, grid), axis=1).max() / PX_PER_MM)


@settings(max_examples=60, deadline=None)
@given(homographies(), st.integers(0, 2**32 - 1))
def test_any_lie_of_the_page_is_recovered_within_a_fifth_of_a_millimetre(
    true: NDArray[np.float64], seed: int
) -> None:
    jitter = np.random.default_rng(seed)
    found = {
        i: project(true, _corners(x, y, SIZE_MM)) + jitter.uniform(-0.35, 0.35, (4, 2)) for i, x, y in CORNERS
    }
    registration = register_page(found, PAGE)
    assert _worst_mm(registration.homography, true) < 0.2
    assert registration.residual_mm < 0.2


@settings(max_examples=60, deadline=None)
@given(homographies(), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_a_code_replaces_a_lost_marker(true: NDArray[np.float64], lost: int, seed: int) -> None:
    jitter = np.random.default_rng(seed)
    found = {
        i: project(true, _corners(x, y, SIZE_MM)) + jitter.uniform(-0.35, 0.35, (4, 2))
        for i, x, y in CORNERS
        if i != lost
    }
    codes = [
        project(true, _corners(c.x_mm, c.y_mm, c.size_mm)) + jitter.uniform(-0.5, 0.5, (4, 2))
        for c in PAGE.codes
    ]
    registration = register_page(found, PAGE, codes)
    assert registration.markers == 3
    # The rows are matched against the print afterwards, within 2 mm; this only has to bring them there.
    assert _worst_mm(registration.homography, true) < 1.0
