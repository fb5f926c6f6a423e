"""Exact numbers: one way to round, one way to write them, and plain JSON values there and back."""

import dataclasses
import functools
import hashlib
import json
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction

Number = Decimal | Fraction | int
ZERO = Decimal("0.00")
_AS_THEY_ARE = frozenset({str, int, bool})  # types that JSON has itself
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
# No score, weight or count comes near it; without a limit "1e999999999" would be worked out digit by digit.
_LARGEST_EXPONENT = 1000
_MOST_WHOLE_DIGITS = 18


def round_half_up(value: Number, places: int = 2) -> Decimal:
    """The nearest decimal with `places` digits; a value exactly between two goes up (0,125 → 0,13).

    Args:
        value: any exact number, also negative (halves go away from zero, as on paper).
        places: digits after the comma, 0 or more.

    Returns:
        A Decimal with exactly `places` digits after the comma.
    Source: docs/adr/0008; domain notes §1.5 (published tables are half-up at two decimals).
    """
    scaled = abs(Fraction(value)) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-places)


def vietnamese(value: Number | str, places: int | None = None) -> str:
    """A number the Vietnamese way: comma for decimals, dots for thousands.

    Args:
        value: an exact number, or its plain text ("0.85").
        places: digits after the comma (rounded half up); None keeps a Decimal's own, without trailing zeros.
    """
    if isinstance(value, str):
        value = Decimal(value)
    shown = round_half_up(value, places) if places is not None else _shortest(value)
    whole, _, decimals = f"{shown:,f}".partition(".")
    return whole.replace(",", ".") + ("," + decimals if decimals else "")


def _shortest(value: Number) -> Decimal:
    shown = round_half_up(value, 4) if isinstance(value, Fraction) else Decimal(value)
    return shown.quantize(Decimal(1)) if shown == shown.to_integral_value() else shown.normalize()


def percent_below(ratio: Fraction) -> Decimal:
    """A ratio as percent with two digits, cut, never rounded up: 2.033/2.034 is 99,95 and 0,99999 is 99,99.

    Args:
        ratio: 0 or more; 1 is 100 %.
    """
    return Decimal(ratio.numerator * 10_000 // ratio.denominator).scaleb(-2)


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence about a number, translatable: a gettext id with named places and what fills them.

    `numbers` are written plainly ("0.85") and shown in the reader's way, and so are the numbers within
    `formulas` ("2 − 1 × 0.25"); `texts` are shown as they are.
    """

    message: str
    numbers: tuple[tuple[str, str], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    formulas: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """The Vietnamese sentence."""
        return self.message % self.values(vietnamese)

    def values(self, write: Callable[[Decimal], str]) -> dict[str, str]:
        """What fills the places, with `write` saying how a number looks to the reader."""
        numbers = {name: write(Decimal(number)) for name, number in self.numbers}
        formulas = {name: _NUMBER.sub(lambda m: write(Decimal(m[0])), text) for name, text in self.formulas}
        return {**numbers, **formulas, **dict(self.texts)}


class Formula(str):
    """A sum in plain numbers ("1.5 + 0.75"), to be shown in the reader's way."""

    __slots__ = ()


def words(message: str, **values: Number | str) -> Words:
    """A sentence; Decimals, Fractions (4 digits) and ints become its numbers, strings its texts."""
    return Words(
        message,
        numbers=tuple((k, plain_number(v)) for k, v in values.items() if not isinstance(v, str)),
        texts=tuple((k, v) for k, v in values.items() if isinstance(v, str) and not isinstance(v, Formula)),
        formulas=tuple((k, str(v)) for k, v in values.items() if isinstance(v, Formula)),
    )


def plain_number(value: Number) -> str:
    """A number as programs write it, without trailing zeros: "0.85"; Fractions with four digits."""
    return f"{_shortest(value):f}"


def exact_decimal(value: object, where: str) -> Decimal:
    """A Decimal from an int, a Decimal or a text such as "2.5".

    Raises:
        ValueError: a float (its digits are not the ones that were written), or no number at all.
    """
    if isinstance(value, bool | float) or not isinstance(value, int | str | Decimal):
        raise ValueError(f"{where}: {value!r} is not an exact number")  # noqa: TRY004 - one error class for bad data
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{where}: {value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{where}: {value!r} is not a finite number")
    if abs(int(number.as_tuple().exponent)) > _LARGEST_EXPONENT or number.adjusted() >= _MOST_WHOLE_DIGITS:
        raise ValueError(f"{where}: {value!r} is out of all proportion")
    return number


def as_plain(value: object) -> typing.Any:  # noqa: ANN401 - JSON values
    """Dataclasses as dicts, tuples as lists, exact numbers as text ("2.50", "5/6"): ready for JSON.

    A dataclass with a class attribute `kind` says it, so that it is found again among its siblings.
    """
    if value is None or type(value) in _AS_THEY_ARE:
        return value
    own: typing.Any = type(value)
    names = _field_names(own)
    if names is not None:
        fields = {name: as_plain(getattr(value, name)) for name in names}
        kind = getattr(type(value), "kind", None)
        return {"kind": kind, **fields} if isinstance(kind, str) else fields
    if isinstance(value, tuple | list):
        return [as_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {str(key): as_plain(part) for key, part in value.items()}
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, Fraction | StrEnum) else value


@functools.cache
def _field_names(kind: type) -> tuple[str, ...] | None:
    """The fields of a dataclass; None of any other type. A year has half a million values of few types."""
    return tuple(f.name for f in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None


def canonical_json(plain: object) -> str:
    """The one JSON text of a plain value: sorted keys, no blanks, letters as they are."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(plain: object) -> str:
    """The SHA-256 (64 hex digits) of a plain value's canonical JSON in UTF-8."""
    return hashlib.sha256(canonical_json(plain).encode()).hexdigest()


def from_plain(kind: typing.Any, plain: object, where: str = "$") -> typing.Any:  # noqa: ANN401 - any dataclass
    """The value of type `kind` that `as_plain` wrote; strict, so that nothing is lost without a word.

    Raises:
        ValueError: an unknown or missing key, or a value of another kind; it says where.
    """
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _union_from_plain(kind, plain, where)
    if origin is tuple:
        return _tuple_from_plain(kind, plain, where)
    if origin is dict or origin is Mapping:
        return _dict_from_plain(kind, plain, where)
    if dataclasses.is_dataclass(kind):
        return _dataclass_from_plain(kind, plain, where)
    return _leaf_from_plain(kind, plain, where)


def _dataclass_from_plain(kind: typing.Any, plain: object, where: str) -> object:  # noqa: ANN401 - any dataclass
    if not isinstance(plain, dict):
        raise ValueError(f"{where}: expected an object")  # noqa: TRY004 - one error class for bad data
    hints = _hints(kind)
    given = {key: value for key, value in plain.items() if key != "kind" or "kind" in hints}
    unknown = sorted(set(given) - set(hints))
    missing = sorted(_required(kind) - set(given))
    if unknown or missing:
        raise ValueError(f"{where}: unknown {unknown}, missing {missing}")
    return kind(**{key: from_plain(hints[key], value, f"{where}.{key}") for key, value in given.items()})


@functools.cache
def _hints(kind: typing.Any) -> dict[str, typing.Any]:  # noqa: ANN401 - any dataclass
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


@functools.cache
def _required(kind: typing.Any) -> frozenset[str]:  # noqa: ANN401 - any dataclass
    nothing = dataclasses.MISSING
    fields = dataclasses.fields(kind)
    return frozenset(f.name for f in fields if f.default is nothing and f.default_factory is nothing)


def _union_from_plain(kind: typing.Any, plain: object, where: str) -> object:  # noqa: ANN401 - a union
    members = typing.get_args(kind)
    if plain is None and types.NoneType in members:
        return None
    solid = [member for member in members if member is not types.NoneType]
    if len(solid) == 1:
        return from_plain(solid[0], plain, where)
    tag = plain.get("kind") if isinstance(plain, dict) else None
    for member in solid:
        if getattr(member, "kind", None) == tag and tag is not None:
            return from_plain(member, plain, where)
    raise ValueError(f"{where}: unknown kind {tag!r}")


def _tuple_from_plain(kind: typing.Any, plain: object, where: str) -> tuple[object, ...]:  # noqa: ANN401 - a tuple
    if not isinstance(plain, list | tuple):
        raise ValueError(f"{where}: expected a list")  # noqa: TRY004 - one error class for bad data
    members = typing.get_args(kind)
    if len(members) == 2 and members[1] is Ellipsis:  # noqa: PLR2004 - tuple[T, ...]
        return tuple(from_plain(members[0], part, f"{where}[{n}]") for n, part in enumerate(plain))
    if len(members) != len(plain):
        raise ValueError(f"{where}: expected {len(members)} values")
    return tuple(
        from_plain(member, part, f"{where}[{n}]")
        for n, (member, part) in enumerate(zip(members, plain, strict=True))
    )


def _dict_from_plain(kind: typing.Any, plain: object, where: str) -> dict[str, object]:  # noqa: ANN401 - a dict
    if not isinstance(plain, Mapping):
        raise ValueError(f"{where}: expected an object")  # noqa: TRY004 - one error class for bad data
    value_kind = typing.get_args(kind)[1]
    return {str(key): from_plain(value_kind, value, f"{where}.{key}") for key, value in plain.items()}


def _leaf_from_plain(kind: typing.Any, plain: object, where: str) -> object:  # noqa: ANN401 - a leaf type
    if kind is Decimal:
        return exact_decimal(plain, where)
    if kind is Fraction:
        return exact_fraction(plain, where)
    if kind in (str, int, bool) and type(plain) is kind:
        return plain
    raise ValueError(f"{where}: expected {kind.__name__}, got {plain!r}")


def exact_fraction(plain: object, where: str) -> Fraction:
    """A Fraction from an int, a Decimal or a text such as "2.5" or "5/6".

    Raises:
        ValueError: a float, or no number at all.
    """
    if isinstance(plain, str) and "/" in plain:
        try:
            return Fraction(plain)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"{where}: {plain!r} is not a fraction") from None
    return Fraction(exact_decimal(plain, where))
