"""Scoring rules at work: which facts a rule asks for, and the points that the facts give."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import assert_never

from webapp.par_index.errors import FactsInvalid, SurveyNotSelfScored
from webapp.par_index.exact import Formula, Number, Words, percent_below, plain_number, round_half_up, words
from webapp.par_index.shapes import (
    BandsRule,
    ChecklistRule,
    CountRule,
    DeductRule,
    LevelsRule,
    Measure,
    RatioRule,
    Rule,
    SurveyRule,
)

FactValue = int | Decimal | str | bool
Facts = Mapping[str, FactValue]
LARGEST_DIGITS = 15


class FactKind(StrEnum):
    """How a fact is entered: a whole number, an amount, one of several choices, or yes/no."""

    COUNT = "count"
    AMOUNT = "amount"
    CHOICE = "choice"
    YES_NO = "yes_no"


class RuleWarning(StrEnum):
    """What a person should look at, although the points stand."""

    OVER_FULL = "over_full"  # the numerator is larger than the denominator


@dataclass(frozen=True, slots=True)
class FactField:
    """One fact that a rule asks for. `choices` are (code, label) pairs of a CHOICE."""

    code: str
    label: str
    kind: FactKind
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RulePoints:
    """What facts give under a rule.

    `points` has two decimals, rounded half up once from the exact value; None where the denominator is 0:
    then the component does not apply, and its policy decides. `ratio` is exact (1 = 100 %). `words` explain.
    """

    points: Decimal | None
    ratio: Fraction | None
    warning: str | None
    words: Words


def facts_asked(rule: Rule) -> tuple[FactField, ...]:
    """The facts that a rule needs, in the order of a form; the survey asks for none."""
    match rule:
        case LevelsRule(levels):
            choices = tuple((str(n), level.label) for n, level in enumerate(levels, 1))
            return (FactField("level", "Mức đạt được", FactKind.CHOICE, choices),)
        case RatioRule() | BandsRule():
            kind = FactKind.COUNT if rule.measure == Measure.COUNT else FactKind.AMOUNT
            return (
                FactField("numerator", rule.numerator, kind),
                FactField("denominator", rule.denominator, kind),
            )
        case ChecklistRule(parts):
            return tuple(
                FactField(f"part_{n}", part.label, FactKind.YES_NO) for n, part in enumerate(parts, 1)
            )
        case DeductRule():
            return _events_asked(rule)
        case CountRule(pieces):
            return tuple(FactField(f"piece_{n}", p.label, FactKind.COUNT) for n, p in enumerate(pieces, 1))
        case SurveyRule():
            return ()
        case _:
            assert_never(rule)


def _events_asked(rule: DeductRule) -> tuple[FactField, ...]:
    events = tuple(FactField(f"event_{n}", e.label, FactKind.COUNT) for n, e in enumerate(rule.events, 1))
    if rule.zero_if is None:
        return events
    return (*events, FactField("zero_if", rule.zero_if, FactKind.YES_NO))


def points_for(rule: Rule, facts: Facts) -> RulePoints:
    """The points that the facts give.

    Args:
        rule: any rule but the survey.
        facts: a value for each field of `facts_asked(rule)`: int for COUNT, Decimal or int for AMOUNT (both 0
            or more), the choice's code for CHOICE, bool for YES_NO.

    Returns:
        Points from 0 to the rule's best, two decimals.

    Raises:
        FactsInvalid: a fact is missing, of the wrong kind, negative, or contradicts another.
        SurveyNotSelfScored: the rule is the survey's.
    """
    for field in facts_asked(rule):
        _check_fact(field, facts)
    match rule:
        case LevelsRule():
            return _level_points(rule, facts)
        case RatioRule() | BandsRule():
            return _quotient_points(rule, facts)
        case ChecklistRule():
            return _checklist_points(rule, facts)
        case DeductRule():
            return _deducted_points(rule, facts)
        case CountRule():
            return _counted_points(rule, facts)
        case SurveyRule():
            raise SurveyNotSelfScored("Tiêu chí này do phiếu điều tra quyết định, không chấm tay.")
        case _:
            assert_never(rule)


def _check_fact(field: FactField, facts: Facts) -> None:
    value = facts.get(field.code)
    if value is None:
        raise FactsInvalid("Chưa có số liệu “%(label)s”.", field.code, label=field.label)
    match field.kind:
        case FactKind.CHOICE:
            sound = isinstance(value, str) and value in dict(field.choices)
        case FactKind.YES_NO:
            sound = isinstance(value, bool)
        case FactKind.COUNT:
            sound = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        case FactKind.AMOUNT:
            sound = isinstance(value, int | Decimal) and not isinstance(value, bool) and value >= 0
    if not sound:
        raise FactsInvalid("Số liệu “%(label)s” chưa đúng.", field.code, label=field.label)


def _result(
    points: Decimal | Fraction, text: Words, ratio: Fraction | None = None, warning: str | None = None
) -> RulePoints:
    """The one place where computed points are rounded."""
    return RulePoints(round_half_up(points), ratio, warning, text)


def _level_points(rule: LevelsRule, facts: Facts) -> RulePoints:
    level = rule.levels[int(facts["level"]) - 1]
    return _result(level.points, words("%(label)s: %(points)s điểm", label=level.label, points=level.points))


def _quotient_points(rule: RatioRule | BandsRule, facts: Facts) -> RulePoints:
    top, bottom = Fraction(_number(facts, "numerator")), Fraction(_number(facts, "denominator"))
    if bottom == 0:
        if top != 0:
            raise FactsInvalid(
                "“%(top)s” lớn hơn 0 nhưng “%(bottom)s” bằng 0. Kiểm tra lại hai số.",
                "denominator",
                top=rule.numerator,
                bottom=rule.denominator,
            )
        return RulePoints(None, None, None, words("0/0: không phát sinh, xét theo mục không áp dụng"))
    ratio = top / bottom
    if isinstance(rule, RatioRule):
        return _ratio_points(rule, top, bottom, ratio)
    return _band_points(rule, top, bottom, ratio)


def _number(facts: Facts, code: str) -> int | Decimal:
    value = facts[code]
    assert isinstance(value, int | Decimal)  # noqa: S101 - _check_fact has seen to it
    return value


def _ratio_points(rule: RatioRule, top: Fraction, bottom: Fraction, ratio: Fraction) -> RulePoints:
    given: dict[str, Number | str] = {"top": top, "bottom": bottom, "percent": percent_below(ratio)}
    warning = RuleWarning.OVER_FULL if ratio > 1 else None
    if ratio >= rule.full_at:
        text = words(
            "%(top)s/%(bottom)s = %(percent)s%%, đạt từ %(limit)s%%: điểm tối đa %(points)s",
            **given, limit=rule.full_at * 100, points=rule.points,
        )  # fmt: skip
        return _result(rule.points, text, ratio, warning)
    if ratio < rule.zero_below:
        text = words(
            "%(top)s/%(bottom)s = %(percent)s%%, dưới %(limit)s%%: 0 điểm",
            **given, limit=rule.zero_below * 100,
        )  # fmt: skip
        return _result(Decimal(0), text, ratio, warning)
    points = ratio * Fraction(rule.points)
    text = words(
        "%(top)s/%(bottom)s × %(best)s = %(points)s điểm (tỷ lệ %(percent)s%%)",
        **given, best=rule.points, points=round_half_up(points),
    )  # fmt: skip
    return _result(points, text, ratio, warning)


def _band_points(rule: BandsRule, top: Fraction, bottom: Fraction, ratio: Fraction) -> RulePoints:
    """Above the top end of all bands, the best band counts, with a warning: 21 of 20 cannot be."""
    ends = [band.maximum for band in rule.bands]
    highest = max((end for end in ends if end is not None), default=Fraction(0))
    is_over = None not in ends and ratio > highest
    held = min(ratio, highest) if is_over else ratio
    band = next(band for band in rule.bands if band.holds(held))
    text = words(
        "%(top)s/%(bottom)s = %(percent)s%%, thuộc mức %(band)s: %(points)s điểm",
        top=top, bottom=bottom, percent=percent_below(ratio), band=band.label, points=band.points,
    )  # fmt: skip
    return _result(band.points, text, ratio, RuleWarning.OVER_FULL if is_over else None)


def _checklist_points(rule: ChecklistRule, facts: Facts) -> RulePoints:
    if not any(facts[f"part_{n}"] for n, _ in enumerate(rule.parts, 1)):
        return _result(Decimal(0), words("Không có phần nào đạt: 0 điểm"))
    there = [part.points for n, part in enumerate(rule.parts, 1) if facts[f"part_{n}"]]
    points = sum(there, Decimal(0))
    summands = " + ".join(plain_number(p) for p in there)
    text = words("%(sum)s = %(points)s điểm", sum=Formula(summands), points=points)
    return _result(points, text)


def _deducted_points(rule: DeductRule, facts: Facts) -> RulePoints:
    if rule.zero_if is not None and facts["zero_if"]:
        return _result(Decimal(0), words("%(event)s: 0 điểm", event=rule.zero_if))
    times = [(event.points, int(facts[f"event_{n}"])) for n, event in enumerate(rule.events, 1)]
    if not any(count for _, count in times):
        return _result(rule.start, words("Không bị trừ: %(points)s điểm", points=rule.start))
    left = rule.start - sum((points * count for points, count in times), Decimal(0))
    lost = "".join(f" − {count} × {plain_number(points)}" for points, count in times if count)
    steps = Formula(plain_number(rule.start) + lost)
    points = max(left, rule.floor)
    text = words("%(steps)s = %(left)s điểm", steps=steps, left=left)
    if points > left:
        text = words(
            "%(steps)s = %(left)s, không dưới %(floor)s",
            steps=steps, left=left, floor=rule.floor,
        )  # fmt: skip
    return _result(points, text)


def _counted_points(rule: CountRule, facts: Facts) -> RulePoints:
    times = [(piece.points, int(facts[f"piece_{n}"])) for n, piece in enumerate(rule.pieces, 1)]
    if not any(count for _, count in times):
        return _result(Decimal(0), words("Không kê khai mục nào: 0 điểm"))
    reached = sum((points * count for points, count in times), Decimal(0))
    summands = " + ".join(f"{count} × {plain_number(points)}" for points, count in times if count)
    if reached > rule.cap:
        text = words(
            "%(sum)s = %(points)s, nhiều nhất %(cap)s điểm",
            sum=Formula(summands), points=reached, cap=rule.cap,
        )  # fmt: skip
        return _result(rule.cap, text)
    return _result(reached, words("%(sum)s = %(points)s điểm", sum=Formula(summands), points=reached))


def read_fact(field: FactField, text: str) -> FactValue:
    """What a person typed for a fact, as a value; comma or dot, never a guess.

    Args:
        field: the fact asked for.
        text: as typed; blanks are ignored. YES_NO is "yes" or "no", CHOICE a choice's code.

    Raises:
        FactsInvalid: empty, not a number, negative, or readable in two ways ("1.234" as an amount).
    """
    typed = "".join(text.split())
    if not typed:
        raise FactsInvalid("Chưa có số liệu “%(label)s”.", field.code, label=field.label)
    match field.kind:
        case FactKind.CHOICE:
            return _read_choice(field, typed)
        case FactKind.YES_NO:
            return _read_yes_no(field, typed)
        case FactKind.COUNT:
            return _read_count(field, typed)
        case FactKind.AMOUNT:
            return _read_amount(field, typed)


def _read_choice(field: FactField, typed: str) -> str:
    if typed not in dict(field.choices):
        raise FactsInvalid("Chọn một mức cho “%(label)s”.", field.code, label=field.label)
    return typed


def _read_yes_no(field: FactField, typed: str) -> bool:
    if typed not in ("yes", "no"):
        raise FactsInvalid("Chọn “Có” hoặc “Không” cho “%(label)s”.", field.code, label=field.label)
    return typed == "yes"


def _read_count(field: FactField, typed: str) -> int:
    """A whole number; dots may part its thousands (2.033), for no decimals are possible here."""
    if re.fullmatch(r"[1-9]\d{0,2}(\.\d{3})+", typed, re.ASCII):
        typed = typed.replace(".", "")
    if not re.fullmatch(rf"\d{{1,{LARGEST_DIGITS}}}", typed, re.ASCII):
        raise FactsInvalid("“%(label)s” phải là số nguyên từ 0, ví dụ 17.", field.code, label=field.label)
    return int(typed)


def _read_amount(field: FactField, typed: str) -> Decimal:
    """A number with a comma or a dot before its decimals; one mark before three digits says two things."""
    if re.fullmatch(r"0*[1-9]\d{0,2}[.,]\d{3}", typed, re.ASCII):
        typed = typed.lstrip("0")
        whole, decimal = re.sub(r"[.,]", "", typed), re.sub(r"[.,]", ",", typed)
        raise FactsInvalid(
            "“%(typed)s” đọc được hai cách: %(whole)s hoặc %(decimal)s. Ghi %(whole)s, hoặc %(decimal)s0.",
            field.code, ((decimal, f"{decimal}0"), (whole, whole)),
            typed=typed, whole=whole, decimal=decimal,
        )  # fmt: skip
    grouped = re.fullmatch(r"([1-9]\d{0,2}(?:\.\d{3})+)(?:,(\d+))?", typed, re.ASCII)
    plain = re.fullmatch(r"(\d+)(?:[.,](\d+))?", typed, re.ASCII)
    found = grouped or plain
    if found is None or len(typed) > 2 * LARGEST_DIGITS:
        raise FactsInvalid("“%(label)s” phải là số từ 0, ví dụ 12,5.", field.code, label=field.label)
    return Decimal(f"{found[1].replace('.', '')}.{found[2] or '0'}")
