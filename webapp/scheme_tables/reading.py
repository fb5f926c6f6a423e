"""Rows of the tables into a catalogue: every cell is checked, and all that cannot be read is said at once.

Whether the catalogue contradicts itself (sums, rules, feeds) is said by par_index.scheme.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from webapp.errors import InvalidInput
from webapp.par_index.scheme import (
    AnswerOption,
    Area,
    ComponentCriterion,
    Criterion,
    NotApplicable,
    Policy,
    Scheme,
    SurveyQuestion,
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
from webapp.scheme_tables.parts import (
    AREA,
    BANDS,
    CHOICES,
    COMPONENT,
    CRITERION,
    GENERAL,
    PARTS,
    TREE,
    WEIGHTS,
    Node,
)
from webapp.typed_tables.parts import RowProblem, Rows
from webapp.typed_tables.reading import Placed, read_part, read_single

# What a shape needs in its row of the tree, and where the rest of it stands.
NEEDED = {
    "ratio": ("numerator", "denominator", "full_at", "zero_below"),
    "bands": ("numerator", "denominator"),
}
ROWS_OF = {
    "levels": CHOICES,
    "checklist": CHOICES,
    "deduct": CHOICES,
    "count": CHOICES,
    "bands": BANDS,
    "survey": WEIGHTS,
}


def read_scheme(tables: Mapping[str, Rows]) -> tuple[Scheme | None, list[RowProblem]]:
    """The catalogue of these rows (part code → rows), or None and all that cannot be read of them."""
    problems: list[RowProblem] = []
    general = read_single(PARTS[GENERAL], tables.get(GENERAL, []), problems)
    found = {
        code: read_part(part, tables.get(code, []), problems)
        for code, part in PARTS.items()
        if code != GENERAL
    }
    problems += _tree_problems(found)
    problems += _stray_problems(found)
    if problems or general is None:
        return None, problems
    rules = _Rules(*(_by_component(found[code]) for code in (CHOICES, BANDS, WEIGHTS)))
    return Scheme(
        **general,
        areas=tuple(_areas([node for _place, node in found[TREE]], rules)),
        classes=tuple(row for _place, row in found["classes"]),
        pools=tuple(row for _place, row in found["pools"]),
        questions=tuple(_questions(found["questions"], found["options"])),
    ), []


def _tree_problems(found: Mapping[str, Placed]) -> Iterator[RowProblem]:
    """Every node stands below one that can hold it, and what is scored has the cells that its rule needs."""
    above: Node | None = None
    for place, node in found[TREE]:
        if node.kind == CRITERION and above is None:
            yield _problem(TREE, place, "kind", InvalidInput("Tiêu chí phải đứng dưới một lĩnh vực."))
        if node.kind == COMPONENT and (above is None or above.kind != CRITERION or above.rule):
            why = InvalidInput("Thành phần phải đứng dưới một tiêu chí không có cách chấm riêng.")
            yield _problem(TREE, place, "kind", why)
        yield from _node_problems(place, node, found)
        if node.kind != COMPONENT:
            above = node


def _node_problems(place: int, node: Node, found: Mapping[str, Placed]) -> Iterator[RowProblem]:
    if node.kind == AREA and node.rule:
        yield _problem(TREE, place, "rule", InvalidInput("Lĩnh vực không có cách chấm."))
    if node.kind == COMPONENT and not node.rule:
        yield _problem(TREE, place, "rule", InvalidInput("Chưa điền."))
    if node.kind == CRITERION and not node.rule and not _has_components(place, found[TREE]):
        why = InvalidInput("Tiêu chí không có thành phần nào thì phải có cách chấm.")
        yield _problem(TREE, place, "rule", why)
    for code in NEEDED.get(node.rule, ()):
        if getattr(node, code) in ("", None):
            yield _problem(TREE, place, code, InvalidInput("Chưa điền."))


def _has_components(place: int, tree: Placed) -> bool:
    after = next((node for later, node in tree if later > place), None)
    return after is not None and after.kind == COMPONENT


def _stray_problems(found: Mapping[str, Placed]) -> Iterator[RowProblem]:
    """A row of a rule belongs to a component whose shape has such rows; numbers run on from 1."""
    shapes = {node.code: node.rule for _place, node in found[TREE]}
    for part in (CHOICES, BANDS, WEIGHTS):
        counts: dict[str, int] = {}
        for place, row in found[part]:
            if ROWS_OF.get(shapes.get(row.component, "")) != part:
                why = InvalidInput(
                    "Tiêu chí %(code)s không có, hoặc cách chấm của nó không dùng bảng này.",
                    code=row.component,
                )
                yield _problem(part, place, "component", why)
            counts[row.component] = counts.get(row.component, 0) + 1
            if part != WEIGHTS and row.number != counts[row.component]:
                why = InvalidInput(
                    "Thứ tự phải chạy từ 1, ở đây là %(number)s.", number=counts[row.component]
                )
                yield _problem(part, place, "number", why)
    questions = {question.code for _place, question in found["questions"]}
    for place, option in found["options"]:
        if option.question not in questions:
            why = InvalidInput("Không có câu hỏi %(code)s.", code=option.question)
            yield _problem("options", place, "question", why)


def _problem(part: str, place: int, column: str, why: InvalidInput) -> RowProblem:
    return RowProblem(PARTS[part], place, PARTS[part].column(column), why)


def _by_component(rows: Placed) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = {}
    for _place, row in rows:
        grouped.setdefault(row.component, []).append(row)
    return grouped


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rows of all rules, by component."""

    choices: Mapping[str, list[Any]]
    bands: Mapping[str, list[Any]]
    weights: Mapping[str, list[Any]]

    def rule_of(self, node: Node) -> Rule:
        """The rule of a scored node."""
        measure = node.measure or Measure.COUNT
        match node.rule:
            case "ratio":
                full, zero = node.full_at or Fraction(0), node.zero_below or Fraction(0)
                return RatioRule(node.numerator, node.denominator, full, zero, node.maximum, measure)
            case "bands":
                return BandsRule(node.numerator, node.denominator, self._bands(node), measure)
            case "survey":
                weights = self.weights.get(node.code, ())
                return SurveyRule(tuple(PoolWeight(row.pool, row.weight) for row in weights))
            case _:
                return self._choice_rule(node)

    def _choice_rule(self, node: Node) -> Rule:
        choices = tuple(Choice(row.label, row.points) for row in self.choices.get(node.code, ()))
        match node.rule:
            case "levels":
                return LevelsRule(choices)
            case "checklist":
                return ChecklistRule(choices)
            case "deduct":
                return DeductRule(node.maximum, node.floor or Decimal(0), choices, node.zero_if)
            case _:
                return CountRule(choices, node.maximum)

    def _bands(self, node: Node) -> tuple[Band, ...]:
        return tuple(
            Band(row.minimum, row.minimum_inclusive, row.maximum, row.maximum_inclusive, row.points)
            for row in self.bands.get(node.code, ())
        )


def _areas(nodes: list[Node], rules: _Rules) -> Iterator[Area]:
    starts = [place for place, node in enumerate(nodes) if node.kind == AREA]
    for start, end in zip(starts, [*starts[1:], len(nodes)], strict=True):
        node = nodes[start]
        yield Area(node.code, node.title, node.maximum, tuple(_criteria(nodes[start + 1 : end], rules)))


def _criteria(nodes: list[Node], rules: _Rules) -> Iterator[Criterion]:
    criterion: Criterion | None = None
    for node in nodes:
        if node.kind == COMPONENT and criterion is not None:
            criterion = replace(criterion, components=(*criterion.components, _leaf(node, rules)))
            continue
        if criterion is not None:
            yield criterion
        own = _leaf(node, rules) if node.rule else None
        criterion = Criterion(node.code, node.title, node.maximum, own=own)
    if criterion is not None:
        yield criterion


def _leaf(node: Node, rules: _Rules) -> ComponentCriterion:
    return ComponentCriterion(
        code=node.code,
        title=node.title,
        maximum=node.maximum,
        rule=rules.rule_of(node),
        evidence_asked=node.evidence,
        not_applicable=NotApplicable(node.policy or Policy.NOT_ALLOWED, node.condition),
        verifier=node.verifier,
    )


def _questions(questions: Placed, options: Placed) -> Iterator[SurveyQuestion]:
    for _place, question in questions:
        own = tuple(
            AnswerOption(option.code, option.label, option.weight)
            for _at, option in options
            if option.question == question.code
        )
        yield SurveyQuestion(question.code, question.form, question.text, own, question.feeds)
