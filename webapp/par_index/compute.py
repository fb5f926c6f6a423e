"""Compute the index: sums, applicable maximum, percent, classes and ranks; and recompute it from a file.

`python -m webapp.par_index.compute snapshot.json` needs nothing but a Python and this folder.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from webapp.par_index.errors import AppraisalError, SurveyIncomplete
from webapp.par_index.exact import ZERO, round_half_up, vietnamese, words
from webapp.par_index.outcome import (
    AreaSum,
    IndexResult,
    LevelResult,
    Origin,
    Part,
    SheetReturn,
    UnitIndex,
    result_as_plain,
    result_sha256,
)
from webapp.par_index.scheme import ComponentCriterion, Scheme
from webapp.par_index.scores import settle
from webapp.par_index.snapshot import (
    AppraisedInput,
    Snapshot,
    UnitInputs,
    check_snapshot,
    read_snapshot_file,
)
from webapp.par_index.survey import UnitSurvey, survey_score


def compute_index(snapshot: Snapshot) -> IndexResult:
    """The index of every unit of the snapshot, each level ranked apart.

    Args:
        snapshot: schemes and inputs; the order of its units does not matter.

    Returns:
        Exact sums of component points (two decimals each); percent rounded half up once; ranks 1, 2, 2, 4 on
        the published percent. Units with a missing part have neither percent nor rank.

    Raises:
        SnapshotInvalid: inputs that contradict each other.
        SchemeInvalid: a scheme that contradicts itself.

    Source: domain notes §1.3–1.5; docs/adr/0008.
    """
    check_snapshot(snapshot)
    levels = sorted({unit.level for unit in snapshot.units})
    results = (_level_result(snapshot, scheme) for scheme in map(snapshot.scheme_of, levels) if scheme)
    return IndexResult(snapshot.year, snapshot.office, tuple(results))


def _level_result(snapshot: Snapshot, scheme: Scheme) -> LevelResult:
    units = [unit_index(scheme, unit) for unit in snapshot.units if unit.level == scheme.level]
    ranked = _ranked(units)
    indexes = [unit.index_percent for unit in ranked if unit.index_percent is not None]
    is_whole = len(indexes) == len(ranked) and indexes
    mean = round_half_up(sum(map(Fraction, indexes), Fraction(0)) / len(indexes)) if is_whole else None
    return LevelResult(scheme.level, scheme.title, ranked, mean)


def unit_index(scheme: Scheme, unit: UnitInputs) -> UnitIndex:
    """One unit's parts, sums and percent, without its rank: that takes the others."""
    scores = {score.component: score for score in unit.appraised}
    parts = tuple(
        _part(scheme, area.code, leaf, scores.get(leaf.code), unit.survey)
        for area in scheme.areas
        for leaf in area.scored
    )
    surveyed = {leaf.code for leaf in scheme.surveyed}
    survey_points = _sum(part.points for part in parts if part.component in surveyed)
    appraised_points = _sum(part.points for part in parts if part.component not in surveyed)
    missing = tuple(part.component for part in parts if part.origin == Origin.MISSING)
    total, applicable = appraised_points + survey_points, _sum(part.applicable for part in parts)
    index_percent = None if missing else percent_of(total, applicable)
    return UnitIndex(
        code=unit.code,
        name=unit.name,
        level=unit.level,
        position=unit.position,
        appraised_points=appraised_points,
        survey_points=survey_points,
        total=total,
        applicable=applicable,
        index_percent=index_percent,
        class_label="" if index_percent is None else scheme.class_of(index_percent),
        rank=None,
        missing=missing,
        areas=tuple(_area_sums(scheme, parts)),
        parts=parts,
        returns=_returns(unit),
    )


def _returns(unit: UnitInputs) -> tuple[SheetReturn, ...]:
    """What came back of the sheets that were due, group by group."""
    counts = {(count.form, count.group): count for count in unit.survey.sheets}
    found = ((due, counts.get((due.form, due.group))) for due in unit.sheets_due)
    return tuple(
        SheetReturn(
            due.form, due.label, due.due, count.counted if count else 0, count.set_aside if count else 0
        )
        for due, count in found
    )


def _part(
    scheme: Scheme, area: str, leaf: ComponentCriterion, score: AppraisedInput | None, survey: UnitSurvey
) -> Part:
    if leaf.is_survey:
        return _survey_part(scheme, area, leaf, survey)
    if score is None:
        text = words("Chưa có điểm thẩm định")
        return Part(leaf.code, leaf.title, area, Origin.MISSING, None, leaf.maximum, leaf.maximum, text)
    return _appraised_part(area, leaf, score)


def _survey_part(scheme: Scheme, area: str, leaf: ComponentCriterion, survey: UnitSurvey) -> Part:
    score = survey_score(scheme, leaf, survey)
    return Part(
        component=leaf.code,
        title=leaf.title,
        area=area,
        origin=Origin.MISSING if score.points is None else Origin.SURVEY,
        points=score.points,
        applicable=leaf.maximum,
        maximum=leaf.maximum,
        words=score.words,
        pools=score.pools,
        warnings=score.warnings,
    )


def _appraised_part(area: str, leaf: ComponentCriterion, score: AppraisedInput) -> Part:
    settled = settle(leaf, score.points, not_applicable=score.not_applicable)
    origin, text = Origin.APPRAISED, words("Thẩm định: %(points)s điểm", points=score.points)
    if score.not_applicable and settled.maximum:
        origin, text = Origin.FULL, words("Không phát sinh: tính điểm tối đa")
    elif score.not_applicable:
        origin, text = Origin.EXCLUDED, words("Không áp dụng: bỏ ra khỏi điểm và điểm tối đa")
    return Part(
        component=leaf.code,
        title=leaf.title,
        area=area,
        origin=origin,
        points=settled.points,
        applicable=settled.maximum,
        maximum=leaf.maximum,
        words=text,
        self_points=score.self_points,
        self_words=score.self_words,
        reason=score.reason,
        declared=score.declared,
    )


def _sum(points: Iterator[Decimal | None]) -> Decimal:
    return sum((value for value in points if value is not None), ZERO)


def percent_of(points: Decimal, applicable: Decimal) -> Decimal | None:
    """100 × points ÷ applicable maximum, rounded half up to two decimals; None where nothing applies."""
    return round_half_up(100 * Fraction(points) / Fraction(applicable)) if applicable else None


def _area_sums(scheme: Scheme, parts: Sequence[Part]) -> Iterator[AreaSum]:
    for area in scheme.areas:
        own = [part for part in parts if part.area == area.code]
        points, applicable = _sum(part.points for part in own), _sum(part.applicable for part in own)
        is_known = all(part.points is not None for part in own)
        percent = percent_of(points, applicable) if is_known else None
        yield AreaSum(area.code, area.title, points, applicable, percent)


def _ranked(units: Sequence[UnitIndex]) -> tuple[UnitIndex, ...]:
    """Units by rank, joint ranks in the office's order; those without an index come last."""
    percents = [unit.index_percent for unit in units if unit.index_percent is not None]
    ranks = competition_ranks(percents)
    placed = [
        replace(unit, rank=None if unit.index_percent is None else ranks[unit.index_percent])
        for unit in units
    ]
    return tuple(sorted(placed, key=lambda u: (u.rank is None, u.rank or 0, u.position, u.code)))


def competition_ranks(published: Sequence[Decimal]) -> dict[Decimal, int]:
    """The rank of each published number, the highest first: equal numbers share one, and the next is skipped.

    Returns:
        84,58 · 82,00 · 82,00 · 80,27 → 1, 2, 2, 4.
    """
    ranks: dict[Decimal, int] = {}
    for place, number in enumerate(sorted(published, reverse=True), 1):
        ranks.setdefault(number, place)
    return ranks


def require_complete(result: IndexResult) -> None:
    """Refuse to go on with an index that lacks parts.

    Raises:
        SurveyIncomplete: as said, with how many.
    """
    if result.missing_count:
        raise SurveyIncomplete(
            "Còn %(count)s điểm thành phần chưa có. Xem danh sách việc còn chặn.", count=result.missing_count
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Recompute a snapshot file; 0 = recomputed and hashes agree, 1 = they differ, 2 = unusable file."""
    parser = argparse.ArgumentParser(prog="python -m webapp.par_index.compute", description=__doc__)
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("--json", action="store_true", help="print the whole result as JSON")
    chosen = parser.parse_args(arguments)
    try:
        content = json.loads(chosen.snapshot.read_text(encoding="utf-8"))
        result = compute_index(read_snapshot_file(content))
    except (OSError, ValueError, RecursionError, AppraisalError) as problem:
        sys.stderr.write(f"{chosen.snapshot}: {problem}\n")
        return 2
    shown = (
        json.dumps(result_as_plain(result), ensure_ascii=False, indent=1) if chosen.json else table(result)
    )
    sys.stdout.write(shown + "\n")
    return _report_hashes(content, result)


def _report_hashes(content: dict[str, str], result: IndexResult) -> int:
    found, written = result_sha256(result), content.get("result_sha256")
    sys.stderr.write(f"inputs {content['sha256']} – agree\nresult {found}")
    if written is not None and written != found:
        sys.stderr.write(f" – DIFFERS from the file's {written}\n")
        return 1
    sys.stderr.write(" – agrees\n" if written else "\n")
    return 0


def table(result: IndexResult) -> str:
    """The ranking of every level as plain text, numbers the Vietnamese way."""
    lines: list[str] = []
    for level in result.levels:
        lines += ["", f"{level.title} – {result.year}"]
        lines += [_table_line(unit) for unit in level.units]
    return "\n".join(lines[1:])


def _table_line(unit: UnitIndex) -> str:
    numbers = [unit.appraised_points, unit.survey_points, unit.total, unit.applicable]
    shown = "  ".join(f"{vietnamese(number, 2):>6}" for number in numbers)
    percent = "–" if unit.index_percent is None else vietnamese(unit.index_percent, 2)
    return f"{unit.rank or '–':>3}  {unit.name:<45}  {shown}  {percent:>6}%  {unit.class_label}"


if __name__ == "__main__":
    sys.exit(main())
