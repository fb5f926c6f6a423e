"""Train the mark model from generated decks, and set its thresholds on others.

    python -m ocr calibrate --train DECK… --check DECK… --out ocr/data/marks-3.json --version marks-3

    python -m ocr calibrate --draw SCAN… --out scores.svg

A deck is a folder with scans and `truth.jsonl` (`python -m ocr deck`). Training and checking decks must
come from different seeds; figures of accuracy come from yet others. The same decks give the same file.
"""

import argparse
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ocr.decide import INPUTS, MODEL_SCHEMA, MarkModel, Thresholds, model_inputs
from ocr.errors import TemplateInvalid
from ocr.locate import LocatedPage, locate_page
from ocr.marks import measure_marks
from ocr.pipeline import read_page
from ocr.registration import FLAT_PX_PER_MM
from ocr.score_chart import count_scores, draw_scores
from ocr.source import iter_pages
from ocr.template import FormLibrary

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it

Floats = NDArray[np.float64]

EMPTY, FILLED, CANCELLED = 0, 1, 2
_SEED = 20201123
_HIDDEN = (48, 24)
_EPOCHS = 120
_BATCH = 512
_RATE = 2e-3
_DECAY = 1e-5
_JITTER = 0.05
_STATES = 3


@dataclass(frozen=True, slots=True)
class Examples:
    """Bubbles with what their writers meant: inputs (n, k) and states (n,)."""

    inputs: Floats
    states: NDArray[np.int64]


def add_calibrate_parser(subparsers: "Subparsers") -> None:
    """Add `calibrate` to the command."""
    parser = subparsers.add_parser(
        "calibrate",
        help="luyện mô hình nhận dấu từ các bộ phiếu thử, hoặc vẽ điểm của mọi ô trong một lô quét",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--train", nargs="+", type=Path, help="thư mục bộ phiếu để luyện")
    what.add_argument("--draw", nargs="+", type=Path, metavar="TỆP", help="các tệp quét của một lô để vẽ")
    parser.add_argument("--check", nargs="+", type=Path, help="thư mục bộ phiếu để hiệu chỉnh")
    parser.add_argument("--forms", type=Path, default=Path("forms_templates"), help="thư mục mẫu phiếu")
    parser.add_argument("--version", help="tên phiên bản ghi vào tệp, ví dụ marks-3")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="số tiến trình")
    parser.add_argument("--out", type=Path, required=True, help="tệp mô hình .json, hoặc hình .svg")
    parser.set_defaults(run=lambda parsed: _run_calibrate(parsed, parser))


def _run_calibrate(parsed: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    if parsed.draw:
        parsed.out.write_text(_drawn(parsed.draw, FormLibrary(parsed.forms)), encoding="utf-8")
        return 0
    if not parsed.check or not parsed.version:
        parser.error("--train cần cả --check và --version")
    examples = collect_examples(parsed.train, parsed.forms, parsed.workers)
    model = train_model(with_lone_cancelled(examples))
    model = soften(model, collect_examples(parsed.check, parsed.forms, parsed.workers))
    parsed.out.write_text(model_as_json(model, parsed.version), encoding="utf-8")
    return 0


def _drawn(scans: Sequence[Path], library: FormLibrary) -> str:
    """The picture of all scores of these scan files."""
    pages = (page for path in scans for page in iter_pages(path))
    readings = [read_page(page, library).reading for page in pages]
    return draw_scores(count_scores(readings), ", ".join(path.name for path in scans))


# --- examples -------------------------------------------------------------------------------------


def collect_examples(decks: Sequence[Path], forms_dir: Path, workers: int = 1) -> Examples:
    """Measure every page of the decks beside its truth; pages that get lost teach nothing here.

    Args:
        decks: folders of scans with `truth.jsonl`.
        forms_dir: the folder of forms.
        workers: processes; the examples come in the order of the decks, however many there are.

    Raises:
        TemplateInvalid: there is no readable page.
    """
    measure = partial(_deck_examples, forms_dir)
    if workers <= 1:
        parts = list(map(measure, decks))
    else:
        with get_context("spawn").Pool(workers) as pool:
            parts = pool.map(measure, decks, chunksize=1)
    inputs = [rows for rows, _ in parts if len(rows)]
    if not inputs:
        raise TemplateInvalid("Không có trang nào để luyện: xem lại thư mục bộ phiếu.")
    return Examples(np.concatenate(inputs), np.concatenate([states for rows, states in parts if len(rows)]))


def _deck_examples(forms_dir: Path, deck: Path) -> tuple[Floats, NDArray[np.int64]]:
    rows: list[Floats] = [np.zeros((0, len(INPUTS)))]
    states: list[int] = []
    for located, fields in _located_pages(deck, _truth_of(deck), FormLibrary(forms_dir)):
        page_rows, known = _page_examples(located, fields)
        rows.append(page_rows)
        states += known
    return np.concatenate(rows), np.array(states, np.int64)


def _truth_of(deck: Path) -> dict[tuple[str, int], dict[str, Any]]:
    lines = (deck / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    pages = [json.loads(line) for line in lines if line.strip()]
    return {(p["source"], p["page_index"]): {f["code"]: f for f in p["fields"]} for p in pages if p["source"]}


def _located_pages(
    deck: Path, truth: dict[tuple[str, int], dict[str, Any]], library: FormLibrary
) -> Iterator[tuple[LocatedPage, dict[str, Any]]]:
    for name in sorted({source for source, _ in truth}):
        for page in iter_pages(deck / name):
            fields = truth.get((page.source, page.page_index), {})
            located = locate_page(page, library) if fields else None
            if isinstance(located, LocatedPage):
                yield located, fields


def _page_examples(located: LocatedPage, fields: dict[str, Any]) -> tuple[Floats, list[int]]:
    marks = located.printed.marks
    measured = measure_marks(located.flat, marks, FLAT_PX_PER_MM, located.print_black)
    inputs = model_inputs(measured.bubbles, marks.field_of.tolist())
    states = [
        _state(fields[field.code], bubble.option)
        for field in located.printed.choices
        for bubble in field.bubbles
    ]
    # What no eye can see on the paper is no example of a mark; nor is a loop round a label, off its bubble:
    # the limits on what stands around bubbles find it.
    seen = [_is_example(fields[field.code]) for field in located.printed.choices for _ in field.bubbles]
    keep = np.array(seen, bool)
    return inputs[keep], [s for s, k in zip(states, seen, strict=True) if k]


def _is_example(truth: dict[str, Any]) -> bool:
    return bool(truth.get("visible", True)) and truth["style"] != "label_circle"


def with_lone_cancelled(examples: Examples) -> Examples:
    """Add each crossed-out mark once more as if nothing else were marked in its question.

    Decks mostly cross marks out to choose another; people also take an answer back altogether.
    """
    context = [i for i, name in enumerate(INPUTS) if name.startswith("others_")]
    alone = np.median(examples.inputs[examples.states == FILLED][:, context], axis=0)
    copies = examples.inputs[examples.states == CANCELLED].copy()
    copies[:, context] = alone
    states = np.full(len(copies), CANCELLED, np.int64)
    return Examples(np.concatenate([examples.inputs, copies]), np.concatenate([examples.states, states]))


def _state(truth: dict[str, Any], option: str) -> int:
    value = truth["value"]
    meant = [value] if isinstance(value, str) else list(value or ())
    if option in truth.get("cancelled", ()):
        return CANCELLED
    return FILLED if option in meant else EMPTY


# --- training -------------------------------------------------------------------------------------


def train_model(examples: Examples) -> MarkModel:
    """Fit the network by Adam on softmax cross-entropy; same examples, same weights.

    Source: Kingma & Ba 2015, with decoupled weight decay.
    """
    rng = np.random.default_rng(_SEED)
    mean, scale = examples.inputs.mean(axis=0), examples.inputs.std(axis=0) + 0.02
    inputs = (examples.inputs - mean) / scale
    sizes = (len(INPUTS), *_HIDDEN, _STATES)
    parameters = [
        part
        for fan_in, fan_out in pairwise(sizes)
        for part in (rng.normal(0, fan_in**-0.5, (fan_in, fan_out)), np.zeros(fan_out))
    ]
    optimiser = _Adam(parameters)
    batches = max(1, len(inputs) // _BATCH)
    for epoch in range(_EPOCHS):
        rate = _RATE * 0.5 * (1 + np.cos(np.pi * epoch / _EPOCHS))
        for rows in np.array_split(rng.permutation(len(inputs)), batches):
            jitter = 1.0 + _JITTER * rng.normal(size=(len(rows), inputs.shape[1]))
            optimiser.step(_gradients(parameters, inputs[rows] * jitter, examples.states[rows]), rate)
    layers = tuple(zip(parameters[::2], parameters[1::2], strict=True))
    return MarkModel("untold", layers, mean, scale, Thresholds())


def _forward(parameters: Sequence[Floats], inputs: Floats) -> list[Floats]:
    """The activations of every layer; the last one holds probabilities."""
    values = [inputs]
    for weights, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        values.append(np.tanh(values[-1] @ weights + bias))
    logits = values[-1] @ parameters[-2] + parameters[-1]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return [*values, powers / powers.sum(axis=1, keepdims=True)]


def _gradients(parameters: Sequence[Floats], inputs: Floats, states: NDArray[np.int64]) -> list[Floats]:
    values = _forward(parameters, inputs)
    slope = (values[-1] - np.eye(_STATES)[states]) / len(states)
    gradients: list[Floats] = []
    for layer in range(len(parameters) // 2 - 1, -1, -1):
        gradients = [values[layer].T @ slope, slope.sum(axis=0), *gradients]
        if layer:
            slope = (slope @ parameters[2 * layer].T) * (1 - values[layer] ** 2)
    return gradients


class _Adam:
    """Adam with decoupled weight decay; changes the parameters in place."""

    def __init__(self, parameters: list[Floats]) -> None:
        self.parameters = parameters
        self.first = [np.zeros_like(p) for p in parameters]
        self.second = [np.zeros_like(p) for p in parameters]
        self.steps = 0

    def step(self, gradients: Iterable[Floats], rate: float) -> None:
        self.steps += 1
        for i, gradient in enumerate(gradients):
            self.first[i] = 0.9 * self.first[i] + 0.1 * gradient
            self.second[i] = 0.999 * self.second[i] + 0.001 * gradient**2
            first = self.first[i] / (1 - 0.9**self.steps)
            second = self.second[i] / (1 - 0.999**self.steps)
            self.parameters[i] -= rate * (first / (np.sqrt(second) + 1e-8) + _DECAY * self.parameters[i])


def soften(model: MarkModel, examples: Examples) -> MarkModel:
    """Divide the logits by the temperature (1 to 5) that fits fresh examples best: less sure, never surer.

    Source: Guo et al. 2017, "On calibration of modern neural networks".
    """
    inputs = (examples.inputs - model.mean) / model.scale
    flat = [part for layer in model.layers for part in layer]
    last = _forward(flat, inputs)[-2]
    logits = last @ flat[-2] + flat[-1]
    temperatures = np.exp(np.linspace(0.0, np.log(5.0), 60))
    losses = [_loss(logits / t, examples.states) for t in temperatures]
    best = float(temperatures[int(np.argmin(losses))])
    *before, (weights, bias) = model.layers
    return MarkModel(
        model.name, (*before, (weights / best, bias / best)), model.mean, model.scale, model.thresholds
    )


def _loss(logits: Floats, states: NDArray[np.int64]) -> float:
    top = logits.max(axis=1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return float((total - logits[np.arange(len(states)), states]).mean())


def model_as_json(model: MarkModel, version: str) -> str:
    """The model file, `chamdiem-markmodel/1`; five digits are more than the measurements carry."""
    return (
        json.dumps(
            {
                "schema": MODEL_SCHEMA,
                "version": version,
                "inputs": list(INPUTS),
                "mean": _rounded(model.mean),
                "scale": _rounded(model.scale),
                "thresholds": asdict(model.thresholds),
                "layers": [[_rounded(weights), _rounded(bias)] for weights, bias in model.layers],
            }
        )
        + "\n"
    )


def _rounded(values: Floats) -> Any:  # noqa: ANN401 - nested lists of floats
    return np.round(values, 5).tolist()
