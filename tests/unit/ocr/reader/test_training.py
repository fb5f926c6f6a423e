"""Training the second reader: what it learns from, and how sure it may be."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from ocr.cli import main
from ocr.deck.build import build_deck
from ocr.deck.order import DeckOrder
from ocr.errors import EngineMissing, TemplateInvalid
from ocr.second_reader import EMPTY, HEIGHT_PX, MARKED, ODD, WIDTH_PX, open_network
from ocr.training.calibration import fit_temperature, least_log_odds, plain_odds, reliability
from ocr.training.examples import LEVELS, Examples, collect_examples
from ocr.training.hard import add_hard
from tests.worlds.scanned_pages import FORMS, LIBRARY

_CAN_TRAIN = all(importlib.util.find_spec(name) for name in ("torch", "onnx"))


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six sheets of CX4 with many doubles and corrections."""
    out = tmp_path_factory.mktemp("deck")
    form = LIBRARY.latest("CX4")
    order = DeckOrder(
        forms_dir=FORMS,
        form="CX4",
        version=form.version,
        group=form.groups[0],
        unit="19186",
        unit_name="xã thử",
        sheets=6,
        seed=31,
        profile="stress",
        dpi=200,
        file_format="pdf",
    )
    build_deck(order, out, 1)
    return out


@pytest.fixture(scope="module")
def examples(deck: Path) -> Examples:
    return collect_examples([deck], LIBRARY)


def test_every_bubble_is_an_example(examples: Examples) -> None:
    assert examples.seen.shape[1:] == (HEIGHT_PX, WIDTH_PX)
    assert len(examples.seen) == len(examples.allowed) == len(examples.question)
    assert examples.allowed.any(axis=1).all()
    assert len(examples.printed) == 94
    assert len(np.unique(examples.question)) == 6 * 22
    inside = np.s_[:, HEIGHT_PX // 2 - 5 : HEIGHT_PX // 2 + 5, WIDTH_PX // 2 - 5 : WIDTH_PX // 2 + 5]
    darkness = examples.seen[inside].mean(axis=(1, 2)) / LEVELS
    only = examples.allowed.sum(axis=1) == 1
    assert darkness[only & examples.allowed[:, ODD]].mean() > 0.1
    assert darkness[only & examples.allowed[:, MARKED]].mean() > 0.1
    assert darkness[only & examples.allowed[:, EMPTY]].mean() < 0.03


def test_a_deck_without_pages_teaches_nothing(tmp_path: Path) -> None:
    (tmp_path / "truth.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(TemplateInvalid):
        collect_examples([tmp_path], LIBRARY)


def test_made_windows_are_repeatable_and_only_specks_leave_a_bubble_empty(examples: Examples) -> None:
    once, again = (add_hard(examples, 70, np.random.default_rng(5)) for _ in range(2))
    made = np.s_[len(examples.seen) :]
    assert np.array_equal(once.seen, again.seen)
    assert (once.question[made] == -1).all()
    still_empty = once.allowed[made, EMPTY] & ~once.allowed[made, ODD]
    assert still_empty.sum() == 10
    ink = once.seen[made].mean(axis=(1, 2)) - examples.seen[examples.allowed[:, EMPTY]].mean()
    assert ink[still_empty].mean() < 0.3 * ink[~still_empty].mean()


def test_temperature_only_lowers_confidence() -> None:
    rng = np.random.default_rng(1)
    allowed = np.eye(3, dtype=bool)[rng.integers(0, 3, 900)]
    honest = np.asarray(np.log(np.where(allowed, 0.9, 0.05)), np.float32)
    allowed[rng.random(900) < 0.3] = np.roll(allowed, 1, axis=1)[0]
    assert fit_temperature(np.float32(4) * honest, allowed) > 2.0
    assert fit_temperature(honest / np.float32(9), allowed) == 1.0


def test_limits_withhold_the_asked_share() -> None:
    odds = np.column_stack([np.linspace(0, 2, 1001), np.linspace(-0.5, 1.5, 1001)])
    limits = least_log_odds(odds, 0.3)
    assert limits == {"marked": pytest.approx(0.6, abs=0.01), "empty": pytest.approx(0.1, abs=0.01)}
    assert (odds[:, 0] < limits["marked"]).mean() == pytest.approx(0.3, abs=0.002)
    assert least_log_odds(odds, 0.0) == {"marked": 0.0, "empty": 0.0}
    assert least_log_odds(odds + 5, 0.3) == {"marked": 3.0, "empty": 1.0}


def test_only_plain_questions_set_limits() -> None:
    classes = [(MARKED,), (EMPTY,), (MARKED,), (MARKED,), (EMPTY,), (EMPTY,), (MARKED,), (MARKED, ODD)]
    allowed = np.zeros((8, 3), bool)
    for row, own in zip(allowed, classes, strict=True):
        row[list(own)] = True
    nothing = np.zeros((8, HEIGHT_PX, WIDTH_PX), np.uint8)
    question = np.array([0, 0, 1, 1, 2, 2, 3, 3], np.int32)
    examples = Examples(nothing, nothing[:1], np.zeros(8, np.int32), allowed, question)
    odds = plain_odds(np.where(allowed, 9.0, 0.0).astype(np.float32), examples)
    assert odds == pytest.approx(np.full((1, 2), 9 - np.log(2)))


def test_reliability_counts_every_window_once() -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 3, (205, 3)).astype(np.float32)
    table = reliability(logits, np.eye(3, dtype=bool)[logits.argmax(axis=1)])
    assert sum(row["windows"] for row in table) == 205
    assert sum(row["wrong"] for row in table) == 0
    stated = [row["stated_wrong"] for row in table]
    assert stated == sorted(stated, reverse=True)


@pytest.mark.skipif(_CAN_TRAIN, reason="torch is installed")
def test_without_torch_the_command_says_what_to_install(
    deck: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    decks = ["--train", str(deck), "--check", str(deck)]
    assert (
        main(["train", *decks, "--version", "t", "--out", str(tmp_path / "t.json")])
        == EngineMissing.exit_code
    )
    assert "[train]" in capsys.readouterr().err


@pytest.mark.skipif(not _CAN_TRAIN, reason="needs the extra `train`")
def test_the_onnx_file_says_what_the_network_says(examples: Examples) -> None:
    from ocr.training.network import as_onnx, fit_network, look

    network = fit_network(examples, 2, 3, lambda _words: None)
    windows = np.stack([examples.seen, examples.printed[examples.print_of]], axis=1) / np.float32(LEVELS)
    logits = open_network(as_onnx(network, 2.0)).run(None, {"windows": windows.astype(np.float32)})[0]
    assert np.abs(2.0 * logits - look(network, examples)).max() < 1e-3
