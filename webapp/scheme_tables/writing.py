"""A catalogue as rows of its tables."""

from collections.abc import Iterator
from typing import Any

from webapp.par_index.scheme import Area, ComponentCriterion, Criterion, Scheme
from webapp.par_index.shapes import (
    BandsRule,
    ChecklistRule,
    Choice,
    CountRule,
    DeductRule,
    LevelsRule,
    RatioRule,
    Rule,
    SurveyRule,
)
from webapp.scheme_tables.parts import (
    AREA,
    COMPONENT,
    CRITERION,
    PARTS,
    ComponentWeight,
    General,
    Node,
    NumberedBand,
    NumberedChoice,
    Option,
    Question,
)
from webapp.typed_tables.parts import Tables


def tables_of(scheme: Scheme) -> Tables:
    """Every table of a catalogue, in printed order."""
    values: dict[str, list[Any]] = {
        "general": [_general(scheme)],
        "tree": [node for area in scheme.areas for node in _area_nodes(area)],
        "choices": [choice for leaf in scheme.scored for choice in _choices(leaf)],
        "bands": [band for leaf in scheme.scored for band in _bands(leaf)],
        "weights": [weight for leaf in scheme.surveyed for weight in _weights(leaf)],
        "classes": list(scheme.classes),
        "pools": list(scheme.pools),
        "questions": [Question(q.code, q.form, q.text, q.feeds) for q in scheme.questions],
        "options": [
            Option(question.code, option.code, option.label, option.weight)
            for question in scheme.questions
            for option in question.options
        ],
    }
    return {code: [PARTS[code].row(value) for value in of_part] for code, of_part in values.items()}


def choices_of(rule: Rule) -> tuple[Choice, ...]:
    """The texts with points of a rule, whatever its shape calls them."""
    match rule:
        case LevelsRule():
            return rule.levels
        case ChecklistRule():
            return rule.parts
        case DeductRule():
            return rule.events
        case CountRule():
            return rule.pieces
        case _:
            return ()


def _general(scheme: Scheme) -> General:
    return General(
        level=scheme.level,
        title=scheme.title,
        version=scheme.version,
        year=scheme.year,
        status=scheme.status,
        maximum=scheme.maximum,
        maximum_appraisal=scheme.maximum_appraisal,
        maximum_survey=scheme.maximum_survey,
        least_answered=scheme.least_answered,
        smallest_cell=scheme.smallest_cell,
    )


def _area_nodes(area: Area) -> Iterator[Node]:
    yield Node(area.code, AREA, area.title, area.maximum)
    for criterion in area.criteria:
        yield from _criterion_nodes(criterion)


def _criterion_nodes(criterion: Criterion) -> Iterator[Node]:
    if criterion.own is not None:
        yield _leaf_node(criterion.own, CRITERION)
        return
    yield Node(criterion.code, CRITERION, criterion.title, criterion.maximum)
    for leaf in criterion.components:
        yield _leaf_node(leaf, COMPONENT)


def _leaf_node(leaf: ComponentCriterion, kind: str) -> Node:
    rule = leaf.rule
    ratio = rule if isinstance(rule, RatioRule) else None
    quotient = rule if isinstance(rule, RatioRule | BandsRule) else None
    deduct = rule if isinstance(rule, DeductRule) else None
    return Node(
        code=leaf.code,
        kind=kind,
        title=leaf.title,
        maximum=leaf.maximum,
        rule=rule.kind,
        numerator="" if quotient is None else quotient.numerator,
        denominator="" if quotient is None else quotient.denominator,
        measure="" if quotient is None else quotient.measure,
        full_at=None if ratio is None else ratio.full_at,
        zero_below=None if ratio is None else ratio.zero_below,
        floor=None if deduct is None else deduct.floor,
        zero_if=None if deduct is None else deduct.zero_if,
        evidence=leaf.evidence_asked,
        policy=leaf.not_applicable.policy,
        condition=leaf.not_applicable.condition,
        verifier=leaf.verifier,
    )


def _choices(leaf: ComponentCriterion) -> Iterator[NumberedChoice]:
    for number, choice in enumerate(choices_of(leaf.rule), 1):
        yield NumberedChoice(leaf.code, number, choice.label, choice.points)


def _bands(leaf: ComponentCriterion) -> Iterator[NumberedBand]:
    for number, band in enumerate(leaf.rule.bands if isinstance(leaf.rule, BandsRule) else (), 1):
        yield NumberedBand(
            component=leaf.code,
            number=number,
            minimum=band.minimum,
            minimum_inclusive=band.minimum_inclusive,
            maximum=band.maximum,
            maximum_inclusive=band.maximum_inclusive,
            points=band.points,
        )


def _weights(leaf: ComponentCriterion) -> Iterator[ComponentWeight]:
    for weight in leaf.rule.weights if isinstance(leaf.rule, SurveyRule) else ():
        yield ComponentWeight(leaf.code, weight.pool, weight.weight)
