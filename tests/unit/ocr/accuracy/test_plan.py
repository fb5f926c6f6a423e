"""What a run reads is fixed before it starts: proportions, seeds, and commands that make a page again."""

import shlex
from collections import Counter
from pathlib import Path

import pytest

from ocr.accuracy.plan import DPI_SHARES, QUOTAS, chunk_of, deck_command, deck_order, run_seed
from ocr.cli import main
from ocr.deck.build import build_deck
from ocr.deck.truth import read_truth
from ocr.template import FormLibrary
from tests.worlds.scanned_pages import FORMS

SEED = run_seed("f" * 40, "1")


def test_quotas_are_the_districts_and_known_to_the_forms() -> None:
    assert sum(quota.sheets for quota in QUOTAS) == 3108
    library = FormLibrary(FORMS)
    assert {quota.form for quota in QUOTAS} == set(library.codes())
    assert all(quota.group in library.latest(quota.form).groups for quota in QUOTAS)


@pytest.mark.parametrize("chunks", [20, 400, 1000])
def test_forms_and_resolutions_keep_their_shares_at_any_length(chunks: int) -> None:
    made = [chunk_of(SEED, "office", index) for index in range(chunks)]
    forms = Counter((chunk.quota.form, chunk.quota.group) for chunk in made)
    for quota in QUOTAS:
        assert abs(forms[quota.form, quota.group] - chunks * quota.sheets / 3108) <= 2
    fine = Counter(chunk.dpi for chunk in made)
    assert abs(fine[300] - chunks * DPI_SHARES[300]) <= len(QUOTAS)


def test_seeds_follow_from_commit_run_profile_and_place_alone() -> None:
    assert run_seed("a" * 40, "1") != run_seed("b" * 40, "1") != run_seed("b" * 40, "2")
    assert chunk_of(SEED, "office", 3) == chunk_of(SEED, "office", 3)
    seeds = {chunk_of(SEED, profile, index).seed for profile in ("office", "rough") for index in range(500)}
    assert len(seeds) == 1000


def test_the_command_in_the_report_makes_the_same_pages_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunk = chunk_of(SEED, "rough", 2, sheets=1)
    stack = build_deck(deck_order(chunk, FORMS), tmp_path / "chunk")
    monkeypatch.chdir(tmp_path)
    words = shlex.split(deck_command(chunk))
    assert words[:3] == ["python", "-m", "ocr"]
    assert main([*words[3:], "--forms", str(FORMS), "--workers", "1"]) == 0
    assert tuple(read_truth(tmp_path / "deck" / "truth.jsonl")) == stack.truth
    for file in stack.files:
        assert (tmp_path / "deck" / file.name).read_bytes() == file.read_bytes()
