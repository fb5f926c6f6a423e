"""Numbers that a unit declares once a year: the same words in two rules ask for the same fact."""

from dataclasses import dataclass

from webapp.par_index.exact import sha256_of
from webapp.par_index.rules import FactField, FactKind, facts_asked
from webapp.par_index.scheme import ComponentCriterion, Scheme
from webapp.par_index.shapes import BandsRule, RatioRule

_CODE_LENGTH = 16


@dataclass(frozen=True, slots=True)
class FactUse:
    """A component, and which field of its form (`FactField.code`) is the fact."""

    component: str
    field: str


@dataclass(frozen=True, slots=True)
class UnitFact:
    """One number (COUNT or AMOUNT) about a unit, with every place that uses it, in printed order.

    `code` is made of the words and the kind, so that it stays while a scheme is revised around them.
    """

    code: str
    label: str
    kind: FactKind
    uses: tuple[FactUse, ...]

    @property
    def field(self) -> FactField:
        """The fact as a form asks for it."""
        return FactField(self.code, self.label, self.kind)

    def others(self, component: str) -> tuple[str, ...]:
        """The components that use it besides this one."""
        return tuple(dict.fromkeys(use.component for use in self.uses if use.component != component))


def unit_facts(scheme: Scheme) -> tuple[UnitFact, ...]:
    """Every numerator and denominator that the scheme asks a unit for, each once, in printed order.

    What is counted for one component alone (events, pieces) and what is chosen stays with its component.
    """
    uses: dict[tuple[str, FactKind], list[FactUse]] = {}
    labels: dict[tuple[str, FactKind], str] = {}
    for component in scheme.appraised:
        for field in _numbers_asked(component):
            words = " ".join(field.label.split()).casefold()
            labels.setdefault((words, field.kind), field.label)
            uses.setdefault((words, field.kind), []).append(FactUse(component.code, field.code))
    return tuple(
        UnitFact(sha256_of([words, kind])[:_CODE_LENGTH], labels[words, kind], kind, tuple(places))
        for (words, kind), places in uses.items()
    )


def facts_of_component(scheme: Scheme, component: str) -> dict[str, UnitFact]:
    """The unit's facts that a component uses, by the code of its form's field."""
    return {use.field: fact for fact in unit_facts(scheme) for use in fact.uses if use.component == component}


def _numbers_asked(component: ComponentCriterion) -> tuple[FactField, ...]:
    return facts_asked(component.rule) if isinstance(component.rule, RatioRule | BandsRule) else ()
