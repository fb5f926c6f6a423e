"""One scan at two sizes: the whole picture for codes and for people's eyes, half of it for everything else.

Half of 200 dpi shows every pen stroke and has half the noise at a quarter of the cost.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]

_HALVE_FROM_PX = 2100
# Pixel centres: position x on a half is 2 x + 0.5 on the whole.
_TO_WHOLE = np.array([[2.0, 0, 0.5], [0, 2.0, 0.5], [0, 0, 1.0]])


@dataclass(frozen=True, slots=True)
class ScanView:
    """A scan and its working picture.

    Attributes:
        grey: uint8, as it came.
        work: uint8, upright once `turned`; half of `grey` (`halved`) or `grey` itself.
        quarters: by how many quarter turns, against the clock, `work` differs from `grey`.
    """

    grey: Grey
    work: Grey
    halved: bool
    quarters: int = 0

    @property
    def reduction(self) -> int:
        """Pixels of `grey` per pixel of `work`, along a side."""
        return 2 if self.halved else 1

    def turned(self, quarters: int) -> "ScanView":
        """The same scan with its working picture turned by quarters against the clock."""
        work = turn(self.work, quarters)
        return ScanView(self.grey, work, self.halved, (self.quarters + quarters) % 4)

    def on_work(self, points_px: Floats) -> Floats:
        """Where points (n, 2) of `grey` lie on `work`."""
        placed = (points_px - 0.5) / 2.0 if self.halved else points_px
        height, width = self.work.shape if self.quarters % 2 == 0 else self.work.shape[::-1]
        x, y = placed[:, 0], placed[:, 1]
        ways = (
            (x, y),
            (y, width - 1 - x),
            (width - 1 - x, height - 1 - y),
            (height - 1 - y, x),
        )
        return np.column_stack(ways[self.quarters])

    def whole(self, homography: Floats) -> tuple[Grey, Floats]:
        """The whole scan upright, and what sends millimetres there if `homography` sends them to `work`."""
        return turn(self.grey, self.quarters), _TO_WHOLE @ homography if self.halved else homography


def view_scan(grey: Grey) -> ScanView:
    """Halve a scan where that leaves 100 dpi of an A4 page."""
    if max(grey.shape) < _HALVE_FROM_PX or min(grey.shape) < 2:  # noqa: PLR2004 - a line has no half
        return ScanView(grey, grey, halved=False)
    height, width = grey.shape[0] // 2, grey.shape[1] // 2
    # An odd row or column more would make this halving forty times as slow.
    half = cv2.resize(grey[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return ScanView(grey, np.asarray(half, np.uint8), halved=True)


def turn(grey: Grey, quarters: int) -> Grey:
    """A picture turned by quarters against the clock."""
    return grey if quarters % 4 == 0 else np.ascontiguousarray(np.rot90(grey, quarters))
