"""From which probability on an answer may be accepted unseen: two limits that an office may set for itself.

Standard library only: pages that show and change them never load the reader.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

SCHEMA = "chamdiem-certainty/1"
DEFAULT_MODEL = Path(__file__).with_name("data") / "marks-3.json"
_SHOWN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Certainty:
    """Least probabilities, in (0, 1): that the one marked bubble is marked, and that the answer is right.

    As `filled` and `accept` of `ocr.decide.Thresholds`, whose place they take; all other limits stay.
    """

    filled: float
    accept: float

    @property
    def sha256(self) -> str:
        """The hash of the limits as canonical JSON, 64 hex digits."""
        text = json.dumps({"schema": SCHEMA, **asdict(self)}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def name(self) -> str:
        """What a reading made under these limits says of them."""
        return f"certainty+{self.sha256[:_SHOWN_DIGITS]}"


@lru_cache(maxsize=1)
def built_in_certainty() -> Certainty:
    """The limits that the reader comes with."""
    limits = json.loads(DEFAULT_MODEL.read_text(encoding="utf-8"))["thresholds"]
    return Certainty(limits["filled"], limits["accept"])
