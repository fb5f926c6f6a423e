"""`python -m ocr train`: the second reader from generated decks, a network and its card.

    python -m ocr train --train DECK… --check DECK… --version second-2 --out ocr/data/second-2.json

A deck is a folder with scans and `truth.jsonl` (`python -m ocr deck`). Checking decks come from other
seeds than training decks; figures of accuracy come from yet others. No network is needed.
"""

import argparse
import hashlib
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ocr.errors import EngineMissing
from ocr.second_reader import HEIGHT_PX, PX_PER_MM, SCHEMA, WIDTH_PX
from ocr.template import FormLibrary
from ocr.training.calibration import fit_temperature, least_log_odds, plain_odds, reliability
from ocr.training.examples import Examples, collect_examples
from ocr.training.hard import add_hard

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it

_SEED = 20201207
_EPOCHS = 6
_HARD_SHARE = 0.45
_WITHHELD = 0.001


def add_train_parser(subparsers: "Subparsers") -> None:
    """Add `train` to the command."""
    parser = subparsers.add_parser("train", help="luyện máy đọc thứ hai từ các bộ phiếu thử (cần torch)")
    parser.add_argument("--train", nargs="+", type=Path, required=True, help="thư mục bộ phiếu để luyện")
    parser.add_argument("--check", nargs="+", type=Path, required=True, help="thư mục bộ phiếu để hiệu chỉnh")
    parser.add_argument("--forms", type=Path, default=Path("forms_templates"), help="thư mục mẫu phiếu")
    parser.add_argument("--epochs", type=int, default=_EPOCHS, help="số lượt học")
    parser.add_argument("--version", required=True, help="tên phiên bản ghi vào tệp, ví dụ second-2")
    parser.add_argument("--out", type=Path, required=True, help="tệp .json; mạng ghi cạnh đó, đuôi .onnx")
    parser.set_defaults(run=_run_train)


def _run_train(parsed: argparse.Namespace) -> int:
    if not all(importlib.util.find_spec(name) for name in ("torch", "onnx")):
        raise EngineMissing("Việc luyện cần torch và onnx: cài gói với phần bổ sung [train].")
    library = FormLibrary(parsed.forms)
    examples = collect_examples(parsed.train, library)
    check = collect_examples(parsed.check, library)
    onnx, figures = train_reader(examples, check, parsed.epochs, _tell)
    decks = {name: [deck.name for deck in getattr(parsed, name)] for name in ("train", "check")}
    write_reader(parsed.out, parsed.version, onnx, {**figures, "decks": decks})
    return 0


def train_reader(
    examples: Examples, check: Examples, epochs: int, tell: Callable[[str], None]
) -> tuple[bytes, dict[str, Any]]:
    """Fit, soften and set limits.

    Args:
        examples: windows of the training decks.
        check: windows of other decks, like those of an office.
        epochs: how often to go through.
        tell: receives a line an epoch.

    Returns:
        The ONNX file, and what its card says about it.
    """
    from ocr.training.network import as_onnx, fit_network, look

    taught = add_hard(examples, round(_HARD_SHARE * len(examples.seen)), np.random.default_rng(_SEED))
    network = fit_network(taught, epochs, _SEED, tell)
    logits = look(network, check)
    temperature = fit_temperature(logits, check.allowed)
    softened = np.asarray(logits / np.float32(temperature), np.float32)
    odds = plain_odds(softened, check)
    figures = {
        "least_log_odds": least_log_odds(odds, _WITHHELD),
        "trained": {
            "windows": len(examples.seen),
            "made": len(taught.seen) - len(examples.seen),
            "epochs": epochs,
            "seed": _SEED,
            "temperature": round(temperature, 4),
        },
        "check": {"plain_answers": len(odds), "reliability": reliability(softened, check.allowed)},
    }
    return as_onnx(network, temperature), figures


def write_reader(path: Path, version: str, onnx: bytes, figures: dict[str, Any]) -> None:
    """Write the network (`.onnx`) and its card (`path`, `chamdiem-secondreader/1`)."""
    card = {
        "schema": SCHEMA,
        "version": version,
        "onnx_sha256": hashlib.sha256(onnx).hexdigest(),
        "window_px": [WIDTH_PX, HEIGHT_PX],
        "px_per_mm": PX_PER_MM,
        **figures,
    }
    path.with_suffix(".onnx").write_bytes(onnx)
    path.write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201 - a command's words to its user
