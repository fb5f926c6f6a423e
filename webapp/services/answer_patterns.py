"""Which packs of a version look as if nobody had read the questions; they count like all others."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from webapp.par_index.patterns import PackPattern, PackSheet, find_patterns
from webapp.persistence.campaign import Pack, Sheet, Unit
from webapp.persistence.counted_sheets import CountedSheet
from webapp.persistence.results import IndexVersion


@dataclass(frozen=True, slots=True)
class FlaggedPack:
    """A pack with what stands out; `units`: the rated units' names by serial."""

    pack: Pack
    pattern: PackPattern
    units: dict[int, str]


@dataclass(frozen=True, slots=True)
class PatternReport:
    """All that stands out in a version; `sheets`: how many it counted in all."""

    sheets: int
    packs: Sequence[FlaggedPack]

    @property
    def straight_count(self) -> int:
        """Sheets with one answer all the way down."""
        return sum(len(flagged.pattern.straight) for flagged in self.packs)

    @property
    def copied_count(self) -> int:
        """Sheets that are like two others or more of their pack."""
        return sum(flagged.pattern.copied_count for flagged in self.packs)


def report_patterns(session: Session, version: IndexVersion) -> PatternReport:
    """Look through the sheets that a version counted; those that it set aside are not among them."""
    rows = session.execute(
        select(Sheet.serial, Pack.code, CountedSheet.answers, Unit.name)
        .join(Sheet, Sheet.id == CountedSheet.sheet_id)
        .join(Pack, Pack.id == Sheet.pack_id)
        .join(Unit, Unit.id == CountedSheet.unit_id)
        .where(CountedSheet.version_id == version.id, CountedSheet.set_aside.is_(False))
    ).all()
    patterns = find_patterns(PackSheet(serial, pack, answers) for serial, pack, answers, _name in rows)
    units = {serial: name for serial, _pack, _answers, name in rows}
    wanted = select(Pack).where(Pack.campaign_id == version.campaign_id)
    packs = {
        pack.code: pack
        for pack in session.scalars(wanted.options(joinedload(Pack.group), joinedload(Pack.place_unit)))
    }
    return PatternReport(len(rows), [FlaggedPack(packs[one.pack], one, units) for one in patterns])
