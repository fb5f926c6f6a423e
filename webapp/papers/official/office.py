"""How an office names itself at the head of its documents, and how its people sign."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.papers.official.document import Letterhead, Signature

_COMMITTEE = "UBND"
_COMMITTEE_IN_FULL = "Ủy ban nhân dân"
_CAPACITIES = ("TM.", "KT.", "TL.", "TUQ.", "Q.")  # “TM. ỦY BAN NHÂN DÂN - CHỦ TỊCH” is two lines
_DOTS = "…………"


@dataclass(frozen=True, slots=True)
class Signatory:
    """Somebody of the campaign who signs: name, and the capacity as it was entered."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Office:
    """Who issues the documents: “UBND huyện Bố Trạch”, where from, and who may sign."""

    name: str
    place: str
    signatories: Sequence[Signatory]

    @property
    def full_name(self) -> str:
        """“Ủy ban nhân dân huyện Bố Trạch”."""
        if not self._is_committee:
            return self.name
        return f"{_COMMITTEE_IN_FULL} {self.name.removeprefix(_COMMITTEE).strip()}"

    @property
    def symbol(self) -> str:
        """How documents of the office are signed: UBND, or the first letters of its name (SNV)."""
        if self._is_committee:
            return _COMMITTEE
        return "".join(word[0].upper() for word in self.name.split())

    @property
    def issuer(self) -> tuple[str, ...]:
        """The name in capitals, a people's committee on two lines."""
        if not self._is_committee:
            return (self.name.upper(),)
        return (_COMMITTEE_IN_FULL.upper(), self.name.removeprefix(_COMMITTEE).strip().upper())

    @property
    def _is_committee(self) -> bool:
        return self.name.startswith(f"{_COMMITTEE} ")

    def letterhead(self, kind: str, year: int) -> Letterhead:
        """The head of a document of this kind (QĐ, BC) of the office; number and day are the registry's."""
        return Letterhead((), self.issuer, f"Số:         /{kind}-{self.symbol}", self.place_and_day(year))

    def attachment(self, document: str, kind: str, year: int) -> str:
        """What stands under an appendix's title: “(Kèm theo Quyết định số …/QĐ-UBND ngày …)”."""
        day = "ngày       tháng       năm"
        return f"(Kèm theo {document} số         /{kind}-{self.symbol} {day} {year} của {self.name})"

    def place_and_day(self, year: int) -> str:
        """Place and date; day and month are written when the document is signed."""
        return f"{self.place}, ngày       tháng       năm {year}"

    def signature(self, name: str) -> Signature:
        """How the person of this name signs; without one the campaign's first, then an empty place."""
        found = next((one for one in self.signatories if one.name == name), None)
        found = found or next(iter(self.signatories), None)
        if found is None and self._is_committee:
            return Signature((f"TM. {_COMMITTEE_IN_FULL.upper()}", "CHỦ TỊCH"), "")
        if found is None:
            return Signature((_DOTS,), "")
        return Signature(capacity_lines(found.title), found.name)


def capacity_lines(title: str) -> tuple[str, ...]:
    """“TM. ỦY BAN NHÂN DÂN - CHỦ TỊCH” as its two lines; other titles stay whole, in capitals."""
    lines = title.split(" - ", 1) if title.startswith(_CAPACITIES) else [title]
    return tuple(line.strip().upper() for line in lines)
