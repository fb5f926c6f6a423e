"""The second reader: a small network that looks at pictures; where it disagrees, a person looks.

    reader = load_second_reader()
    places = plan_windows(layout_page, blank, px_per_mm)          # once a printed page
    logits = reader.look(flat, places, black)                       # one run a page, float32 (n, 3)
    reader.agrees(logits[own], chosen)                             # once an accepted answer

It shares no measurement with the first reader (`ocr.marks`): it sees 16 by 10 mm around every bubble as
it was scanned and as it was printed, wide enough that ink between two bubbles is in one picture or the
other. It never gives a value, it can only withhold its consent.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ocr.layout import PageLayout

Grey = NDArray[np.uint8]
Logits = NDArray[np.float32]

SCHEMA = "chamdiem-secondreader/1"
DEFAULT_CARD = Path(__file__).with_name("data") / "second-2.json"

PX_PER_MM = 4
WIDTH_PX, HEIGHT_PX = 16 * PX_PER_MM, 10 * PX_PER_MM
EMPTY, MARKED, ODD = 0, 1, 2
"""Classes: nothing that a person would call a mark; a mark; something else (crossed out, erased, a line)."""

_PAPER_PERCENTILE = 80
_PAPER_STEP = 4
_LEAST_STEP = 60.0
_MOST_DARK = 1.25


@dataclass(frozen=True, slots=True)
class WindowPlaces:
    """Where a printed page's windows lie; the same for all its scans.

    Attributes:
        corners_px: int32 (n, 2), left and top of each window at 4 px/mm, bubbles in the layout's order.
        printed: float32 (n, 40, 64), darkness of the blank page there, 0 paper to 1 print black.
    """

    corners_px: NDArray[np.int32]
    printed: NDArray[np.float32]


def plan_windows(page: PageLayout, blank: Grey) -> WindowPlaces:
    """Find the windows of one printed page.

    Args:
        page: printed geometry.
        blank: uint8, the empty page, flat, 4 pixels a millimetre.
    """
    centres = np.array([(b.x_mm, b.y_mm) for f in page.fields for b in f.bubbles]).reshape(-1, 2)
    corners = np.rint(centres * PX_PER_MM - (WIDTH_PX / 2, HEIGHT_PX / 2)).astype(np.int32)
    places = WindowPlaces(corners, np.zeros((0, HEIGHT_PX, WIDTH_PX), np.float32))
    printed = np.empty((len(corners), HEIGHT_PX, WIDTH_PX), np.float32)
    _darken(blank, places, 0.0, printed)
    return WindowPlaces(corners, printed)


def cut_windows(flat: Grey, places: WindowPlaces, black: float) -> NDArray[np.float32]:
    """Darkness of every window as scanned and as printed: 0 is the paper around, 1 the page's printed black.

    Args:
        flat: uint8, the registered page, 4 pixels a millimetre.
        places: windows of its printed page.
        black: grey level of the print (`ocr.quality.measure_print`).

    Returns:
        float32 (n, 2, 40, 64).
    """
    windows = np.empty((len(places.corners_px), 2, HEIGHT_PX, WIDTH_PX), np.float32)
    _darken(flat, places, black, windows[:, 0])
    windows[:, 1] = places.printed
    return windows


def _darken(flat: Grey, places: WindowPlaces, black: float, dark: NDArray[np.float32]) -> None:
    """Put every window's darkness into `dark`; a page of them is a megabyte: none is copied."""
    cut = np.empty((len(places.corners_px), HEIGHT_PX, WIDTH_PX), np.uint8)
    for window, (left, top) in zip(cut, places.corners_px.tolist(), strict=True):
        window[:] = flat[top : top + HEIGHT_PX, left : left + WIDTH_PX]
    sparse = cut[:, ::_PAPER_STEP, ::_PAPER_STEP]
    paper = _percentile(sparse.reshape(len(cut), sparse.shape[1] * sparse.shape[2]), _PAPER_PERCENTILE)
    step = np.maximum(paper - np.float32(black), _LEAST_STEP).astype(np.float32)
    np.multiply(cut, (-1.0 / step)[:, None, None], out=dark)
    dark += (paper / step)[:, None, None]
    np.clip(dark, 0.0, _MOST_DARK, out=dark)


def _percentile(levels: Grey, percent: int) -> NDArray[np.float32]:
    """Of every row, float32 (n,); a third of the time of numpy's own, which interpolates."""
    rank = levels.shape[1] * percent // 100
    return np.asarray(np.partition(levels, rank, axis=1)[:, rank], np.float32)


@dataclass(frozen=True, slots=True)
class SecondReader:
    """The network, ready to run on one thread.

    Attributes:
        name: version and hash of its card, which holds the hash of the network.
        marked, empty: least log-odds at the chosen bubble and at each other one.
        session: runs `windows` float32 (n, 2, 40, 64) → `logits` float32 (n, 3).
    """

    name: str
    marked: float
    empty: float
    session: Any

    def look(self, flat: Grey, places: WindowPlaces, black: float) -> Logits:
        """Logits (n, 3) of empty, marked, odd for every bubble of a page, in the layout's order."""
        if not len(places.corners_px):
            return np.zeros((0, 3), np.float32)
        logits = self.session.run(None, {"windows": cut_windows(flat, places, black)})[0]
        return np.asarray(logits, np.float32)

    def agrees(self, logits: Logits, chosen: int) -> bool:
        """Whether only the chosen bubble (position among `logits`, one question's) is surely marked."""
        marked, empty = answer_log_odds(logits, chosen)
        return marked >= self.marked and empty >= self.empty


def answer_log_odds(logits: Logits, chosen: int) -> tuple[float, float]:
    """How surely the chosen bubble is marked, and how surely the least empty other one is empty.

    Natural log-odds straight from the logits: probabilities near 1 are all alike in 32 bits, and the
    tail is the only part that matters. Infinite emptiness where there is no other bubble.
    """
    odds = class_log_odds(logits)
    empty = odds[:, EMPTY].tolist()
    del empty[chosen]
    return float(odds[chosen, MARKED]), min(empty, default=float("inf"))


def class_log_odds(logits: Logits) -> NDArray[np.float64]:
    """Log-odds (n, 3) of each class against the two others together."""
    wide = logits.astype(np.float64)
    return np.asarray(wide - np.logaddexp(wide[:, [1, 2, 0]], wide[:, [2, 0, 1]]), np.float64)


def load_second_reader(card: Path = DEFAULT_CARD) -> SecondReader:
    """Read a card and the network beside it; ValueError where they do not belong together."""
    encoded = card.read_bytes()
    raw = json.loads(encoded)
    if raw["schema"] != SCHEMA or raw["window_px"] != [WIDTH_PX, HEIGHT_PX]:
        raise ValueError(f"{card.name} is not a {SCHEMA} of these windows")
    network = card.with_suffix(".onnx").read_bytes()
    if hashlib.sha256(network).hexdigest() != raw["onnx_sha256"]:
        raise ValueError(f"{card.name} belongs to another network than the one beside it")
    name = f"{raw['version']}+{hashlib.sha256(encoded).hexdigest()[:12]}"
    limits = raw["least_log_odds"]
    return SecondReader(name, limits["marked"], limits["empty"], open_network(network))


def open_network(network: bytes) -> Any:  # noqa: ANN401 - onnxruntime has no types
    """A session on one thread that leaves no thread spinning between pages."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
