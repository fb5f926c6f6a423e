"""One computed version as its papers need it: figures, inputs, and the words around them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from webapp.par_index.bands import RankBand
from webapp.par_index.disclosure import Place, hidden_questions
from webapp.par_index.outcome import IndexResult, LevelResult, UnitIndex
from webapp.par_index.scheme import Scheme
from webapp.par_index.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Act:
    """A line of the log: when (Vietnamese time, as written), who, what, on what."""

    at: str
    actor: str
    act: str
    subject: str


@dataclass(frozen=True, slots=True)
class Edition:
    """A version with all that stands around it.

    `shows_small_cells` is for the office itself: copies for everybody hide what fewer people answered than
    the scheme's smallest cell. `is_official` is false for a trial, whose papers say so. `bands`: by unit
    code; empty where the version was computed before there were any.
    """

    office: str  # "UBND huyện Bố Trạch"
    snapshot: Snapshot
    result: IndexResult
    number: int
    made_at: dt.datetime  # with its time zone, Vietnamese
    sha256: str
    result_sha256: str
    level_names: Mapping[str, str]  # "Xã, thị trấn"
    is_official: bool = True
    is_sample: bool = False
    shows_small_cells: bool = True
    log: Sequence[Act] = ()
    bands: Mapping[str, RankBand] = field(default_factory=dict)

    @property
    def year(self) -> int:
        """The evaluated year."""
        return self.snapshot.year

    @property
    def status(self) -> str:
        """What must be said on every page where the version is not a real, fixed one."""
        said = ["DỮ LIỆU MẪU"] if self.is_sample else []
        return " · ".join([*said, *([] if self.is_official else ["BẢN TÍNH THỬ"])])

    def scheme(self, level: LevelResult) -> Scheme:
        """The scheme of a level of the result."""
        found = self.snapshot.scheme_of(level.level)
        assert found is not None  # noqa: S101 - a result has no level without a scheme
        return found

    def hidden_of(self, level: LevelResult, unit: UnitIndex) -> frozenset[Place]:
        """The (pool, question) pairs about a unit whose answers are not in this copy."""
        if self.shows_small_cells:
            return frozenset()
        return hidden_questions(unit.parts, self.scheme(level).smallest_cell)
