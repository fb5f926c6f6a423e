"""The index of whole levels, and its recomputation from a file with the standard library alone."""

import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.index.sample import (
    hand_scheme,
    hand_scored,
    sample_scheme,
    snapshot_of,
    tally,
    two_part_scheme,
    unit_with,
)
from webapp.par_index.compute import compute_index, main, require_complete, table
from webapp.par_index.errors import SnapshotInvalid, SurveyIncomplete
from webapp.par_index.exact import round_half_up, vietnamese
from webapp.par_index.outcome import Origin, result_as_plain, result_sha256, unit_index_from_plain
from webapp.par_index.snapshot import Snapshot, snapshot_as_plain, snapshot_file, snapshot_from_plain
from webapp.par_index.survey import UnitSurvey

REPOSITORY = Path(__file__).parents[3]


def two_units() -> Snapshot:
    """Two units of a 65 + 35 scheme; the second is the better one."""
    scheme = two_part_scheme("65", "35")
    answers = UnitSurvey((tally("P", "A", "P.1", {"1": 3, "2": 2, "3": 1}),))
    first = replace(unit_with("A", {"1.1": "40.25"}, position=0), survey=answers)
    second = replace(unit_with("B", {"1.1": "50"}, position=1), survey=answers)
    return snapshot_of(scheme, [first, second])


def test_every_number_says_where_it_came_from() -> None:
    (level,) = compute_index(two_units()).levels
    best = level.units[0]
    assert (best.code, best.rank, best.class_label) == ("B", 1, "Yếu")
    by_hand, surveyed = best.parts
    assert (by_hand.origin, str(by_hand.words)) == (Origin.APPRAISED, "Thẩm định: 50 điểm")
    assert surveyed.points == round_half_up(35 * Decimal("4.4") / 6)
    assert str(surveyed.words) == "35 × (1 × 0,7333 (P)) = 25,67 điểm"
    assert surveyed.pools[0].questions[0].valid == 6
    assert best.total == Decimal("75.67")
    assert [area.points for area in best.areas] == [Decimal(50), Decimal("25.67")]


def test_a_missing_part_means_no_index_no_rank_and_no_publication() -> None:
    snapshot = two_units()
    blank = replace(snapshot.units[0], appraised=())
    result = compute_index(replace(snapshot, units=(blank, snapshot.units[1])))
    (level,) = result.levels
    complete, incomplete = level.units
    assert (complete.rank, incomplete.rank, incomplete.index_percent) == (1, None, None)
    assert incomplete.missing == ("1.1",)
    assert level.mean_percent is None
    with pytest.raises(SurveyIncomplete, match="Còn 1 điểm"):
        require_complete(result)


def test_levels_are_ranked_apart() -> None:
    first = hand_scheme([hand_scored("1.1.1", "10")], "division")
    second = hand_scheme([hand_scored("1.1.1", "10")], "commune")
    units = [unit_with("NV", {"1.1.1": "7"}, "division"), unit_with("19186", {"1.1.1": "9"}, "commune")]
    result = compute_index(Snapshot(2020, "UBND", (first, second), tuple(units)))
    assert [(level.level, level.units[0].rank) for level in result.levels] == [
        ("commune", 1),
        ("division", 1),
    ]


def test_equal_printed_numbers_share_a_rank_whatever_is_behind_them() -> None:
    """70,004 % and 69,996 % are both printed 70,00: hidden decimals must not part them."""
    scheme = hand_scheme([hand_scored("1.1.1", "500")])
    units = [unit_with(code, {"1.1.1": p}) for code, p in (("a", "350.02"), ("b", "349.98"), ("c", "349.90"))]
    (level,) = compute_index(snapshot_of(scheme, units)).levels
    assert [(u.index_percent, u.rank) for u in level.units] == [
        (Decimal("70.00"), 1), (Decimal("70.00"), 1), (Decimal("69.98"), 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "change", ["unit twice", "score twice", "too many points", "no scheme", "survey score"]
)
def test_contradicting_inputs_are_refused(change: str) -> None:
    snapshot = two_units()
    first = snapshot.units[0]
    score = first.appraised[0]
    broken = {
        "unit twice": replace(snapshot, units=(first, first)),
        "score twice": replace(snapshot, units=(replace(first, appraised=(score, score)),)),
        "too many points": replace(
            snapshot, units=(replace(first, appraised=(replace(score, points=Decimal("65.01")),)),)
        ),
        "no scheme": replace(snapshot, schemes=()),
        "survey score": replace(
            snapshot, units=(replace(first, appraised=(replace(score, component="2.1.1"),)),)
        ),
    }[change]
    with pytest.raises(SnapshotInvalid):
        compute_index(broken)


def test_a_result_and_a_snapshot_survive_json() -> None:
    snapshot = two_units()
    plain = json.loads(json.dumps(snapshot_as_plain(snapshot)))
    assert snapshot_from_plain(plain) == snapshot
    result = compute_index(snapshot)
    units = json.loads(json.dumps(result_as_plain(result)))["levels"][0]["units"]
    assert [unit_index_from_plain(unit) for unit in units] == list(result.levels[0].units)


def write_snapshot(folder: Path, **changes: object) -> Path:
    snapshot = two_units()
    content = snapshot_file(snapshot, result_sha256(compute_index(snapshot))) | changes
    path = folder / "snapshot.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_bare_python_recomputes_the_same_bits(tmp_path: Path) -> None:
    """-I -S: no site-packages, no environment; only this repository is on the path."""
    path = write_snapshot(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n"
        "from webapp.par_index.compute import main\n"
        f"sys.exit(main([{str(path)!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "utf8", "-c", code], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert "75,67%" in done.stdout.decode()
    assert "agrees" in done.stderr.decode()


def test_changed_inputs_and_results_are_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_snapshot(tmp_path)
    assert main([str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["year"] == 2017
    content = json.loads(path.read_text())
    content["inputs"]["units"][0]["appraised"][0]["points"] = "60"
    path.write_text(json.dumps(content))
    assert main([str(path)]) == 2
    assert "đã bị thay đổi" in capsys.readouterr().err
    assert main([str(write_snapshot(tmp_path, result_sha256="0" * 64))]) == 1
    assert "DIFFERS" in capsys.readouterr().err
    path.write_text("garbage")
    assert main([str(path)]) == 2
    assert main([str(tmp_path / "absent.json")]) == 2


def test_the_table_is_vietnamese() -> None:
    text = table(compute_index(two_units()))
    assert "Thử – 2017" in text
    assert " 75,67%" in text


def test_real_schemes_rank_without_any_answer_as_incomplete() -> None:
    scheme = sample_scheme("commune")
    points = {leaf.code: str(leaf.maximum) for leaf in scheme.appraised}
    (level,) = compute_index(snapshot_of(scheme, [unit_with("19186", points, "commune")])).levels
    assert len(level.units[0].missing) == 18
    assert level.units[0].appraised_points == 65


@pytest.mark.parametrize(
    ("value", "places", "rounded"),
    [
        ("2.125", 2, "2.13"),
        ("2.1249", 2, "2.12"),
        ("-2.125", 2, "-2.13"),
        ("0.005", 2, "0.01"),
        ("89.457", 1, "89.5"),
    ],
)
def test_halves_go_up(value: str, places: int, rounded: str) -> None:
    assert str(round_half_up(Decimal(value), places)) == rounded


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [("20160000", None, "20.160.000"), ("84.5", 2, "84,50"), ("0.10", None, "0,1"), ("-2.5", None, "-2,5")],
)
def test_numbers_the_vietnamese_way(value: str, places: int | None, text: str) -> None:
    assert vietnamese(Decimal(value), places) == text
