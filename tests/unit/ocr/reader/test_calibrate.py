"""Training: the same decks give the same model, and it is never made surer than it is."""

import json
from pathlib import Path

import numpy as np
import pytest

from ocr.calibrate import (
    CANCELLED,
    EMPTY,
    FILLED,
    Examples,
    collect_examples,
    model_as_json,
    soften,
    train_model,
    with_lone_cancelled,
)
from ocr.decide import INPUTS, load_model
from ocr.deck.build import build_deck
from ocr.deck.order import DeckOrder
from ocr.errors import TemplateInvalid
from tests.worlds.scanned_pages import FORMS


def _examples(count: int, seed: int) -> Examples:
    """Three clouds that touch."""
    rng = np.random.default_rng(seed)
    states = rng.choice([EMPTY, FILLED, CANCELLED], size=count, p=[0.7, 0.25, 0.05])
    centres = np.zeros((3, len(INPUTS)))
    centres[FILLED, :6] = 0.8
    centres[CANCELLED, :12] = 0.7
    return Examples(np.abs(centres[states] + rng.normal(0, 0.25, (count, len(INPUTS)))), states)


def test_training_is_repeatable_and_learns(tmp_path: Path) -> None:
    examples = _examples(3000, 1)
    once, again = train_model(examples), train_model(examples)
    path = tmp_path / "marks.json"
    path.write_text(model_as_json(once, "marks-9"), encoding="utf-8")
    assert model_as_json(again, "marks-9") == path.read_text(encoding="utf-8")
    model = load_model(path)
    assert model.name.startswith("marks-9+")
    values = (_examples(500, 2).inputs - model.mean) / model.scale
    for weights, bias in model.layers[:-1]:
        values = np.tanh(values @ weights + bias)
    weights, bias = model.layers[-1]
    right = (values @ weights + bias).argmax(axis=1) == _examples(500, 2).states
    assert right.mean() > 0.97


def test_softening_only_lowers_confidence() -> None:
    model = train_model(_examples(1500, 1))
    hard = _examples(400, 5)
    noisy = Examples(hard.inputs, np.roll(hard.states, 7))
    for examples in (hard, noisy):
        before, after = model.layers[-1][0], soften(model, examples).layers[-1][0]
        assert np.abs(after).max() <= np.abs(before).max() + 1e-12
    assert np.abs(soften(model, noisy).layers[-1][0]).max() < 0.5 * np.abs(model.layers[-1][0]).max()


def test_crossed_out_marks_are_also_shown_alone() -> None:
    examples = _examples(200, 3)
    more = with_lone_cancelled(examples)
    added = more.states[len(examples.states) :]
    assert len(added) == (examples.states == CANCELLED).sum()
    assert set(added.tolist()) == {CANCELLED}


def test_examples_come_from_a_deck_beside_its_truth(tmp_path: Path) -> None:
    order = DeckOrder(
        forms_dir=FORMS,
        form="CX3",
        version=1,
        group="CH",
        unit="19186",
        unit_name="xã Đại Trạch",
        sheets=2,
        seed=5,
        profile="clean",
        dpi=150,
    )
    build_deck(order, tmp_path / "deck", 1)
    lines = (tmp_path / "deck" / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    truth = [json.loads(line) for line in lines]
    answers = [f for page in truth if page["source"] for f in page["fields"]]
    examples = collect_examples([tmp_path / "deck"], FORMS)
    assert len(examples.states) == sum(f["options"] for f in answers)
    assert (examples.states == FILLED).sum() == sum(isinstance(f["value"], str) for f in answers)


def test_no_examples_is_told(tmp_path: Path) -> None:
    (tmp_path / "truth.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(TemplateInvalid):
        collect_examples([tmp_path], FORMS)
