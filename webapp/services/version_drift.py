"""What would differ if a kept version were computed again from today's data: its inputs, and its figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.par_index.compute import compute_index
from webapp.par_index.errors import AppraisalError
from webapp.par_index.exact import Words, sha256_of, words
from webapp.par_index.outcome import IndexResult, UnitIndex, unit_index_from_plain
from webapp.par_index.scheme import Scheme
from webapp.par_index.snapshot import (
    AppraisedInput,
    SheetsDue,
    Snapshot,
    UnitInputs,
    read_snapshot_file,
    snapshot_as_plain,
)
from webapp.persistence.campaign import Campaign
from webapp.persistence.results import IndexVersion, units_of_version
from webapp.services.snapshots import build_snapshot


@dataclass(frozen=True, slots=True)
class DriftedUnit:
    """A unit whose figures would differ; None where one of the two does not have it."""

    before: UnitIndex | None
    now: UnitIndex | None

    @property
    def name(self) -> str:
        """Its name, as it is now if it still is."""
        unit = self.now or self.before
        return "" if unit is None else unit.name


@dataclass(frozen=True, slots=True)
class Drift:
    """How today's data differ from a version's.

    `inputs`: what changed, a sentence each; empty: nothing did. `units`: whose total, index, class or rank
    would be another. `refusal`: why today's data give no index at all.
    """

    inputs: Sequence[Words]
    units: Sequence[DriftedUnit] = ()
    refusal: AppraisalError | None = None


def drift_of(session: Session, campaign: Campaign, version: IndexVersion) -> Drift:
    """Compare a version with what would be kept now; nothing is written."""
    now = build_snapshot(session, campaign)
    if sha256_of(snapshot_as_plain(now)) == version.sha256:
        return Drift(())
    kept = read_snapshot_file(version.snapshot)
    inputs = list(_input_changes(kept, now))
    try:
        result = compute_index(now)
    except AppraisalError as refusal:
        return Drift(inputs, refusal=refusal)
    before = {line.code: unit_index_from_plain(line.detail) for line in units_of_version(session, version.id)}
    return Drift(inputs, list(_drifted(before, result)))


def _drifted(before: Mapping[str, UnitIndex], result: IndexResult) -> Iterator[DriftedUnit]:
    found = {unit.code: unit for level in result.levels for unit in level.units}
    for code in [*found, *(code for code in before if code not in found)]:
        old, new = before.get(code), found.get(code)
        if old is None or new is None or _figures(old) != _figures(new):
            yield DriftedUnit(old, new)


def _figures(unit: UnitIndex) -> tuple[object, ...]:
    return unit.total, unit.applicable, unit.index_percent, unit.class_label, unit.rank


def _input_changes(kept: Snapshot, now: Snapshot) -> Iterator[Words]:
    """What changed in inputs whose hash is another: a sentence at least."""
    told = [
        *_campaign_changes(kept, now),
        *_scheme_changes(kept, now),
        *_group_changes(kept, now),
        *_unit_changes(kept, now),
    ]
    yield from told
    if not told:
        yield words("Số liệu đầu vào khác ở chỗ không kể riêng được, như thứ tự nhóm trả lời")


def _campaign_changes(kept: Snapshot, now: Snapshot) -> Iterator[Words]:
    if kept.office != now.office:
        yield words("Tên cơ quan: %(before)s thành %(now)s", before=kept.office, now=now.office)
    if kept.year != now.year:
        yield words("Năm đánh giá: %(before)s thành %(now)s", before=str(kept.year), now=str(now.year))


def _scheme_changes(kept: Snapshot, now: Snapshot) -> Iterator[Words]:
    for level in sorted({scheme.level for scheme in (*kept.schemes, *now.schemes)}):
        old, new = kept.scheme_of(level), now.scheme_of(level)
        if old == new:
            continue
        title = (new or old or kept.schemes[0]).title
        if old is None or new is None:
            yield words("Bộ chỉ số thêm hoặc bớt: %(title)s", title=title)
            continue
        codes = ", ".join(_changed_components(old, new))
        if codes:
            yield words("Bộ chỉ số đã sửa: %(title)s. Tiêu chí khác: %(codes)s", title=title, codes=codes)
        else:
            yield words("Bộ chỉ số đã sửa: %(title)s. Khác ở phần điều tra, xếp loại hoặc lời", title=title)


def _changed_components(old: Scheme, new: Scheme) -> list[str]:
    before = {leaf.code: leaf for leaf in old.scored}
    after = {leaf.code: leaf for leaf in new.scored}
    return [code for code in dict.fromkeys([*before, *after]) if before.get(code) != after.get(code)]


def _group_changes(kept: Snapshot, now: Snapshot) -> Iterator[Words]:
    """Quotas and names of groups belong to a level: they are told once, not for each of its units."""
    old, new = _groups(kept), _groups(now)
    for place in dict.fromkeys([*old, *new]):
        form, group, _level = place
        before, after = old.get(place), new.get(place)
        due, now_due = (0 if of is None else of.due for of in (before, after))
        if due != now_due:
            yield words(
                "Chỉ tiêu phiếu %(form)s, nhóm %(group)s: mỗi đơn vị %(before)s thành %(now)s phiếu",
                form=form, group=group, before=due, now=now_due,
            )  # fmt: skip
        if before is not None and after is not None and before.label != after.label:
            yield words(
                "Phiếu %(form)s, nhóm %(group)s: tên nhóm “%(before)s” thành “%(now)s”",
                form=form, group=group, before=before.label, now=after.label,
            )  # fmt: skip


def _groups(snapshot: Snapshot) -> dict[tuple[str, str, str], SheetsDue]:
    return {(due.form, due.group, unit.level): due for unit in snapshot.units for due in unit.sheets_due}


def _unit_changes(kept: Snapshot, now: Snapshot) -> Iterator[Words]:
    old = {unit.code: unit for unit in kept.units}
    new = {unit.code: unit for unit in now.units}
    for code in dict.fromkeys([*new, *old]):
        before, after = old.get(code), new.get(code)
        if before is None:
            yield words("%(unit)s: đơn vị mới thêm", unit=new[code].name)
        elif after is None:
            yield words("%(unit)s: đơn vị không còn trong danh sách", unit=before.name)
        elif before != after:
            yield from _one_unit(before, after)


def _one_unit(before: UnitInputs, after: UnitInputs) -> Iterator[Words]:
    if (before.name, before.level, before.position) != (after.name, after.level, after.position):
        yield words("%(unit)s: đổi tên, cấp hoặc thứ tự", unit=after.name)
    old = {score.component: score for score in before.appraised}
    new = {score.component: score for score in after.appraised}
    for code in dict.fromkeys([*old, *new]):
        if old.get(code) != new.get(code):
            yield _score_change(after.name, code, old.get(code), new.get(code))
    if before.survey != after.survey:
        yield words(
            "%(unit)s: câu trả lời khác ở %(questions)s câu; phiếu được tính %(before)s thành %(now)s",
            unit=after.name, questions=_changed_questions(before, after),
            before=_counted(before), now=_counted(after),
        )  # fmt: skip


def _score_change(unit: str, code: str, before: AppraisedInput | None, now: AppraisedInput | None) -> Words:
    said, says = _points(before), _points(now)
    if said == says:
        return words("%(unit)s, tiêu chí %(code)s: lý do hoặc số liệu kê khai đã sửa", unit=unit, code=code)
    return words(
        "%(unit)s, tiêu chí %(code)s: điểm thẩm định %(before)s thành %(now)s",
        unit=unit, code=code, before=said, now=says,
    )  # fmt: skip


def _points(score: AppraisedInput | None) -> str:
    """As in a Vietnamese table; a dash where there is none, a word where the component does not apply."""
    if score is None:
        return "–"
    return "KAD" if score.not_applicable else f"{score.points:.2f}".replace(".", ",")


def _changed_questions(before: UnitInputs, after: UnitInputs) -> int:
    changed = set(before.survey.tallies) ^ set(after.survey.tallies)
    return len({(tally.group, tally.question) for tally in changed})


def _counted(unit: UnitInputs) -> int:
    return sum(count.counted for count in unit.survey.sheets)
