"""Everything that an index is computed from, as one value that can be kept, hashed and sent around.

The file format `chamdiem-snapshot/1` is a JSON object: `schema`, `sha256` (of `inputs` as canonical JSON),
`inputs`, and `result_sha256` where a result was computed.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from webapp.par_index.errors import SchemeInvalid, SnapshotInvalid
from webapp.par_index.exact import Words, as_plain, from_plain, sha256_of
from webapp.par_index.scheme import Scheme, scheme_problems
from webapp.par_index.survey import NO_SURVEY, UnitSurvey

SCHEMA = "chamdiem-snapshot/1"


@dataclass(frozen=True, slots=True)
class Declared:
    """One fact that the unit declared: what was asked, and what it wrote."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class AppraisedInput:
    """The fixed score of one component, and what it was fixed from.

    `points` as the appraisal fixed them (unused where `not_applicable`); the rest explains and never counts:
    `self_points` that the unit gave itself, `self_words` where they come from. Words without points: the unit
    said that the component does not apply.
    """

    component: str
    points: Decimal
    not_applicable: bool = False
    reason: str = ""
    self_points: Decimal | None = None
    self_words: Words | None = None
    declared: tuple[Declared, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetsDue:
    """How many sheets of a form a respondent group was to fill in about the unit; `label` names the group."""

    form: str
    group: str
    label: str
    due: int


@dataclass(frozen=True, slots=True)
class UnitInputs:
    """One unit: who it is, its scores, and what the survey says. `position` is the office's order."""

    code: str
    name: str
    level: str
    position: int
    appraised: tuple[AppraisedInput, ...] = ()
    survey: UnitSurvey = NO_SURVEY
    sheets_due: tuple[SheetsDue, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One evaluated year: a scheme for each level, and all its units."""

    year: int
    office: str
    schemes: tuple[Scheme, ...]
    units: tuple[UnitInputs, ...]

    def scheme_of(self, level: str) -> Scheme | None:
        """The scheme of a level."""
        return next((scheme for scheme in self.schemes if scheme.level == level), None)


def snapshot_as_plain(snapshot: Snapshot) -> dict[str, Any]:
    """The inputs as JSON values."""
    plain: dict[str, Any] = as_plain(snapshot)
    return plain


def snapshot_from_plain(plain: Mapping[str, Any]) -> Snapshot:
    """The snapshot that `snapshot_as_plain` wrote.

    Raises:
        SnapshotInvalid: malformed, or a unit or score stands twice.
        SchemeInvalid: one of its schemes contradicts itself.
    """
    try:
        snapshot: Snapshot = from_plain(Snapshot, dict(plain), "snapshot")
    except ValueError as problem:
        raise SnapshotInvalid("Tệp số liệu không đúng định dạng: %(problem)s", problem=problem) from problem
    check_snapshot(snapshot)
    return snapshot


def check_snapshot(snapshot: Snapshot) -> None:
    """Refuse inputs from which no index could be computed without guessing.

    Raises:
        SnapshotInvalid: a unit or a score stands twice, a level has no scheme, a score has no component.
        SchemeInvalid: one of the schemes contradicts itself.
    """
    problems = tuple(problem for scheme in snapshot.schemes for problem in scheme_problems(scheme))
    if problems:
        raise SchemeInvalid(problems)
    _check_unique([unit.code for unit in snapshot.units])
    _check_unique([scheme.level for scheme in snapshot.schemes])
    for unit in snapshot.units:
        _check_unit(snapshot.scheme_of(unit.level), unit)


def _check_unit(scheme: Scheme | None, unit: UnitInputs) -> None:
    if scheme is None:
        raise SnapshotInvalid("Không có bộ chỉ số cho cấp %(level)s.", level=unit.level)
    _check_unique([score.component for score in unit.appraised])
    codes = {leaf.code: leaf for leaf in scheme.appraised}
    for score in unit.appraised:
        leaf = codes.get(score.component)
        if leaf is None or not 0 <= score.points <= leaf.maximum:
            raise SnapshotInvalid(
                "%(unit)s: điểm %(component)s không có trong bộ chỉ số hoặc vượt điểm tối đa.",
                unit=unit.name,
                component=score.component,
            )


def _check_unique(codes: list[str]) -> None:
    twice = sorted(code for code, count in Counter(codes).items() if count > 1)
    if twice:
        raise SnapshotInvalid("Xuất hiện hai lần: %(codes)s.", codes=", ".join(twice))


def snapshot_file(snapshot: Snapshot, result_sha256: str | None = None) -> dict[str, Any]:
    """The content of a snapshot file: inputs, their hash, and the result's hash if there is one."""
    inputs = snapshot_as_plain(snapshot)
    content: dict[str, Any] = {"schema": SCHEMA, "sha256": sha256_of(inputs), "inputs": inputs}
    return content if result_sha256 is None else content | {"result_sha256": result_sha256}


def read_snapshot_file(content: object) -> Snapshot:
    """The snapshot of a file's content, its hash verified.

    Raises:
        SnapshotInvalid: another format, or the inputs are not those that the hash was made of.
        SchemeInvalid: one of its schemes contradicts itself.
    """
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise SnapshotInvalid("Tệp không phải số liệu chỉ số (%(schema)s).", schema=SCHEMA)
    return snapshot_from_plain(unchanged_inputs(content))


def unchanged_inputs(content: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a file's content, as they were when their hash was made.

    Raises:
        SnapshotInvalid: they are others, or there are none.
    """
    inputs = content.get("inputs")
    if not isinstance(inputs, dict):
        raise SnapshotInvalid("Tệp không phải số liệu chỉ số (%(schema)s).", schema=content.get("schema"))
    found = sha256_of(inputs)
    if found != content.get("sha256"):
        raise SnapshotInvalid(
            "Số liệu đã bị thay đổi: mã kiểm tra tính được %(found)s, trong tệp %(written)s.",
            found=found,
            written=content.get("sha256"),
        )
    return inputs
