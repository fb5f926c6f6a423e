"""Rows into a campaign: every cell is checked, and all that is wrong is said at once."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.campaign_plan.cells import OFFICE_ZONE
from webapp.campaign_plan.parts import GENERAL, PARTS
from webapp.campaign_plan.plan import (
    APPRAISAL_DATES,
    PLACE_OFFICE,
    PLACE_UNIT,
    CampaignPlan,
    GroupPlan,
    LevelPlan,
    UnitPlan,
)
from webapp.errors import InvalidInput
from webapp.typed_tables.parts import RowProblem, Rows
from webapp.typed_tables.reading import Placed, read_part, read_single


@dataclass(frozen=True, slots=True)
class FormFacts:
    """What a printed form says of itself: the level that it asks about, and its groups."""

    level: str
    groups: tuple[str, ...]


def read_plan(
    rows: Mapping[str, Rows], forms: Mapping[str, FormFacts], *, is_sample: bool = False
) -> tuple[CampaignPlan | None, list[RowProblem]]:
    """The campaign of these rows (part code → rows), or None and all that is wrong with them."""
    problems: list[RowProblem] = []
    found: dict[str, Placed] = {}
    general = read_single(PARTS[GENERAL], rows.get(GENERAL, []), problems)
    problems += _date_faults(general or {})
    for part in PARTS.values():
        if part.code != GENERAL:
            found[part.code] = read_part(part, rows.get(part.code, []), problems)
    problems += _cross_checks(found, forms)
    if problems or general is None:
        return None, problems
    parts: dict[str, Any] = {code: tuple(row for _place, row in of_part) for code, of_part in found.items()}
    return CampaignPlan(**general, **parts, is_sample=is_sample), problems


def _date_faults(general: Mapping[str, Any]) -> Iterator[RowProblem]:
    """The five dates of self-score and appraisal follow one another; a date that is open is passed over."""
    known = [name for name in APPRAISAL_DATES if general.get(name) is not None]
    for former, name in itertools.pairwise(known):
        if general[name] <= general[former]:
            why = InvalidInput(
                "Phải sau ngày của bước trước (%(former)s).",
                former=general[former].astimezone(OFFICE_ZONE).strftime("%d/%m/%Y %H:%M"),
            )
            yield _problem(GENERAL, 0, name, why)


def _cross_checks(found: Mapping[str, Placed], forms: Mapping[str, FormFacts]) -> Iterator[RowProblem]:
    """What only several rows together can tell."""
    levels = {level.code for _place, level in found["levels"]}
    faults: dict[str, Callable[[Any], Iterator[tuple[str, InvalidInput]]]] = {
        "levels": _level_faults,
        "units": lambda unit: _unit_faults(unit, levels),
        "groups": lambda group: _group_faults(group, levels, forms),
    }
    for code, faults_of in faults.items():
        for place, row in found[code]:
            for column, why in faults_of(row):
                yield _problem(code, place, column, why)
    asked = {group.form_code for _place, group in found["groups"]}
    for place, total in found["form_totals"]:
        if total.form_code not in asked:
            why = InvalidInput("Không nhóm trả lời nào dùng mẫu phiếu %(form)s.", form=total.form_code)
            yield _problem("form_totals", place, "form_code", why)


def _level_faults(level: LevelPlan) -> Iterator[tuple[str, InvalidInput]]:
    if level.code in {PLACE_UNIT, PLACE_OFFICE}:
        yield "code", InvalidInput("Mã này dành riêng cho nơi phát. Đặt mã khác.")


def _unit_faults(unit: UnitPlan, levels: set[str]) -> Iterator[tuple[str, InvalidInput]]:
    if unit.level not in levels:
        yield "level", _no_level(unit.level, levels)
    if unit.valid_from and unit.valid_to and unit.valid_to < unit.valid_from:
        yield "valid_to", InvalidInput("Ngày cuối trước ngày đầu.")


def _group_faults(
    group: GroupPlan, levels: set[str], forms: Mapping[str, FormFacts]
) -> Iterator[tuple[str, InvalidInput]]:
    form = forms.get(group.form_code)
    if group.level not in levels:
        yield "level", _no_level(group.level, levels)
    if form is None:
        why = InvalidInput(
            "Máy không có mẫu phiếu %(form)s. Có: %(forms)s.", form=group.form_code, forms=", ".join(forms)
        )
        yield "form_code", why
    elif group.code not in form.groups:
        why = InvalidInput(
            "Mẫu %(form)s không có nhóm %(group)s. Có: %(groups)s.",
            form=group.form_code, group=group.code, groups=", ".join(form.groups),
        )  # fmt: skip
        yield "code", why
    elif group.level in levels and group.level != form.level:
        why = InvalidInput("Mẫu %(form)s hỏi về cấp %(level)s.", form=group.form_code, level=form.level)
        yield "level", why
    if group.place not in {PLACE_UNIT, PLACE_OFFICE} | levels:
        yield "place", _no_level(group.place, levels)
    yield from _people_faults(group)


def _people_faults(group: GroupPlan) -> Iterator[tuple[str, InvalidInput]]:
    if (group.place == PLACE_UNIT) != (group.people_per_place is None):
        yield (
            "people_per_place",
            InvalidInput(
                "Số người mỗi nơi chỉ ghi, và phải ghi, khi một người đánh giá mọi đơn vị"
                " (nơi phát không phải đơn vị)."
            ),
        )
    if group.in_booklets and group.people_per_place is None:
        yield (
            "in_booklets",
            InvalidInput("Chỉ in thành tập được khi một người đánh giá mọi đơn vị."),
        )
    if group.population is not None and group.population < group.sheets_per_unit:
        yield (
            "population",
            InvalidInput(
                "Cả nhóm có %(people)s người thì không thể có %(sheets)s phiếu mỗi đơn vị.",
                people=group.population,
                sheets=group.sheets_per_unit,
            ),
        )


def _no_level(code: str, levels: Iterable[str]) -> InvalidInput:
    return InvalidInput(
        "Không có cấp “%(level)s”. Có: %(levels)s.", level=code, levels=", ".join(sorted(levels))
    )


def _problem(part: str, place: int, column: str, why: InvalidInput) -> RowProblem:
    return RowProblem(PARTS[part], place, PARTS[part].column(column), why)
