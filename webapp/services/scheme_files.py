"""Read catalogue and questionnaire files (docs/formats.md: par-index-catalogue/1) as a Scheme."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from webapp.par_index.errors import SchemeInvalid
from webapp.par_index.exact import exact_decimal, exact_fraction
from webapp.par_index.scheme import (
    AnswerOption,
    Area,
    Classification,
    ComponentCriterion,
    Criterion,
    NotApplicable,
    RespondentPool,
    Scheme,
    SurveyQuestion,
    scheme_as_plain,
    scheme_from_plain,
    scheme_problems,
)
from webapp.par_index.shapes import (
    Band,
    BandsRule,
    ChecklistRule,
    Choice,
    CountRule,
    DeductRule,
    LevelsRule,
    Measure,
    PoolWeight,
    RatioRule,
    Rule,
    SurveyRule,
)

Plain = Mapping[str, Any]
HALF = "0.5"


class _ExactLoader(yaml.SafeLoader):
    """Numbers with decimals become Decimals, digit for digit: 0.1 stays 0.1."""


def _exact_number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    return exact_decimal(str(loader.construct_scalar(node)), "YAML")


_ExactLoader.add_constructor("tag:yaml.org,2002:float", _exact_number)


def read_scheme_file(catalogue: Path, questionnaires: Path, groups: Mapping[str, Sequence[str]]) -> Scheme:
    """The scheme of a catalogue file with its survey.

    Args:
        catalogue: YAML of schema par-index-catalogue/1.
        questionnaires: YAML of schema par-index-questionnaires/1.
        groups: the respondent groups of each form; one pool unless the form declares `pools`.

    Raises:
        SchemeInvalid: a file is not what it should be, or the scheme contradicts itself.
    """
    try:
        written = scheme_as_plain(_scheme(_read(catalogue), _read(questionnaires), groups))
        scheme = scheme_from_plain(
            written
        )  # as it will be stored: every value of its own kind, or refused here
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        yaml.YAMLError,
    ) as problem:
        raise SchemeInvalid((f"{catalogue.name}, {questionnaires.name}: {problem!r}",)) from problem
    problems = scheme_problems(scheme)
    if problems:
        raise SchemeInvalid(problems)
    return scheme


def _read(path: Path) -> Plain:
    raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_ExactLoader)  # noqa: S506 - a SafeLoader
    if not isinstance(raw, dict):
        raise SchemeInvalid((f"{path.name} không phải tệp bộ chỉ số.",))
    return raw


def _scheme(raw: Plain, survey: Plain, groups: Mapping[str, Sequence[str]]) -> Scheme:
    forms = [form for form in survey["forms"] if form["unit_evaluated"] == raw["level"]]
    scoring = survey.get("scoring", {})
    return Scheme(
        level=raw["level"],
        title=raw["title"],
        version=str(raw["version"]),
        year=raw["evaluated_year"],
        status=raw.get("status_vi") or raw.get("status", ""),
        maximum=exact_decimal(raw["max_total"], "max_total"),
        maximum_appraisal=exact_decimal(raw["max_appraisal"], "max_appraisal"),
        maximum_survey=exact_decimal(raw["max_survey"], "max_survey"),
        areas=tuple(_area(area) for area in raw["sections"]),
        classes=tuple(Classification(c["label"], exact_decimal(c["min"], "min")) for c in raw["bands"]),
        pools=tuple(pool for form in forms for pool in _pools(form, groups)),
        questions=tuple(q for form in forms for q in _questions(form, survey["scales"])),
        least_answered=exact_fraction(scoring.get("least_answered", HALF), "least_answered"),
        smallest_cell=scoring.get("min_group_for_breakdown", 5),
    )


def _area(raw: Plain) -> Area:
    return Area(
        code=raw["code"],
        title=raw["title"],
        maximum=exact_decimal(raw["max"], "max"),
        criteria=tuple(_criterion(criterion) for criterion in raw["criteria"]),
    )


def _criterion(raw: Plain) -> Criterion:
    return Criterion(
        code=raw["code"],
        title=raw["title"],
        maximum=exact_decimal(raw["max"], "max"),
        components=tuple(_component(component) for component in raw.get("components", ())),
        own=_component(raw) if "rule" in raw else None,
    )


def _component(raw: Plain) -> ComponentCriterion:
    maximum = exact_decimal(raw["max"], "max")
    rule = _rule(raw["rule"], maximum)
    if (raw["source"] == "survey") != isinstance(rule, SurveyRule):
        raise SchemeInvalid((f"{raw['code']}: nguồn điểm và cách chấm không khớp.",))
    na = raw.get("na", {"policy": "not_allowed"})
    return ComponentCriterion(
        code=raw["code"],
        title=raw["title"],
        maximum=maximum,
        rule=rule,
        evidence_asked=tuple(raw.get("evidence", ())),
        not_applicable=NotApplicable(na["policy"], na.get("condition", "")),
        verifier=raw.get("verifier", ""),
    )


def _rule(raw: Plain, maximum: Decimal) -> Rule:
    kind = raw["type"]
    if kind not in _READERS:
        raise SchemeInvalid((f"Không có dạng cách chấm “{kind}”.",))
    return _READERS[kind](raw, maximum)


def _levels(raw: Plain, _maximum: Decimal) -> Rule:
    return LevelsRule(_choices(raw["options"], "points"))


def _ratio(raw: Plain, maximum: Decimal) -> Rule:
    return RatioRule(
        numerator=raw["numerator"],
        denominator=raw["denominator"],
        full_at=exact_fraction(raw["full_at"], "full_at"),
        zero_below=exact_fraction(raw["zero_below"], "zero_below"),
        points=maximum,
        measure=Measure(raw.get("measure", "count")),
    )


def _bands(raw: Plain, _maximum: Decimal) -> Rule:
    return BandsRule(
        numerator=raw["numerator"],
        denominator=raw["denominator"],
        bands=tuple(_band(band) for band in raw["bands"]),
        measure=Measure(raw.get("measure", "count")),
    )


def _band(raw: Plain) -> Band:
    return Band(
        minimum=exact_fraction(raw["min"], "min"),
        minimum_inclusive=raw["min_inclusive"],
        maximum=None if raw["max"] is None else exact_fraction(raw["max"], "max"),
        maximum_inclusive=raw["max_inclusive"],
        points=exact_decimal(raw["points"], "points"),
    )


def _checklist(raw: Plain, _maximum: Decimal) -> Rule:
    return ChecklistRule(_choices(raw["items"], "points"))


def _deduct(raw: Plain, _maximum: Decimal) -> Rule:
    return DeductRule(
        start=exact_decimal(raw["start"], "start"),
        floor=exact_decimal(raw["floor"], "floor"),
        events=_choices(raw["events"], "minus"),
        zero_if=raw.get("zero_if"),
    )


def _count(raw: Plain, _maximum: Decimal) -> Rule:
    return CountRule(_choices(raw["items"], "points_each"), exact_decimal(raw["cap"], "cap"))


def _survey(raw: Plain, _maximum: Decimal) -> Rule:
    weights = raw["group_weights"].items()
    return SurveyRule(tuple(PoolWeight(pool, exact_fraction(weight, "weight")) for pool, weight in weights))


_READERS = {
    "levels": _levels,
    "ratio": _ratio,
    "bands": _bands,
    "checklist": _checklist,
    "deduct": _deduct,
    "count": _count,
    "survey": _survey,
}


def _choices(raw: Sequence[Plain], key: str) -> tuple[Choice, ...]:
    return tuple(Choice(choice["label"], exact_decimal(choice[key], key)) for choice in raw)


def _pools(form: Plain, groups: Mapping[str, Sequence[str]]) -> list[RespondentPool]:
    """The pools that the form declares; by default one that holds all its groups, named like the form."""
    declared = form.get("pools")
    if declared is None:
        return [RespondentPool(form["code"], form["code"], tuple(groups[form["code"]]), form["respondents"])]
    return [
        RespondentPool(pool["code"], form["code"], tuple(pool["groups"]), pool.get("label", ""))
        for pool in declared
    ]


def _questions(form: Plain, scales: Plain) -> list[SurveyQuestion]:
    return [
        SurveyQuestion(q["id"], form["code"], q["text"], _options(scales[q["scale"]]), tuple(q["feeds"]))
        for q in form["questions"]
    ]


def _options(scale: Plain) -> tuple[AnswerOption, ...]:
    """Options are coded "1", "2", … in printed order, as on the form."""
    pairs = zip(scale["options"], scale["weights"], strict=True)
    return tuple(
        AnswerOption(str(n), label, exact_fraction(weight, "weight"))
        for n, (label, weight) in enumerate(pairs, 1)
    )
