"""What people write into the documents: bases, duties, opinions. Everything else is computed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

BLANK: Final = "…"  # a place that still has to be filled in


class Kind(StrEnum):
    """The documents."""

    DECISION = "decision"
    REPORT = "report"
    MINUTES = "minutes"


@dataclass(frozen=True, slots=True)
class Passage:
    """A text of a document that people write: its code, and what stands there before anybody did.

    `{office}` and `{year}` are filled in; `is_list`: one item a line.
    """

    code: str
    usual: str
    is_list: bool = False


SIGNATORY: Final = Passage("signatory", "")
_BASES = """Căn cứ Luật Tổ chức chính quyền địa phương ngày … tháng … năm …
Căn cứ Quyết định số … ngày … của {office} phê duyệt Đề án xác định Chỉ số cải cách hành chính
Căn cứ Kế hoạch số … ngày … của {office} về xác định Chỉ số cải cách hành chính năm {year}
Theo đề nghị của …"""
_DUTIES = (
    "Căn cứ kết quả nêu tại Điều 1, các cơ quan, đơn vị có tên tại các Phụ lục xây dựng kế hoạch khắc phục"
    " tồn tại, hạn chế, nâng cao Chỉ số cải cách hành chính của đơn vị mình; kiến nghị về kết quả gửi bằng"
    " văn bản về {office}."
)
_DOERS = (
    "Thủ trưởng các cơ quan, đơn vị có tên tại các Phụ lục và các tổ chức, cá nhân có liên quan chịu trách"
    " nhiệm thi hành Quyết định này."
)
_OPENING = (
    "Thực hiện Kế hoạch số … ngày … của {office} về xác định Chỉ số cải cách hành chính năm {year}, {office}"
    " báo cáo kết quả như sau:"
)

PASSAGES: Final[Mapping[Kind, tuple[Passage, ...]]] = {
    Kind.DECISION: (
        Passage("bases", _BASES, is_list=True),
        Passage("duties", _DUTIES),
        Passage("doers", _DOERS),
        Passage("recipients", "Như Điều 4\nCác đơn vị có tên tại các Phụ lục\nLưu: VT", is_list=True),
        SIGNATORY,
    ),
    Kind.REPORT: (
        Passage("opening", _OPENING),
        Passage("causes", BLANK),
        Passage("proposals", BLANK),
        Passage("recipients", "Các đơn vị được đánh giá\nLưu: VT", is_list=True),
        SIGNATORY,
    ),
    Kind.MINUTES: (
        Passage("begun", "… giờ …, ngày … tháng … năm …"),
        Passage("place", BLANK),
        Passage("chair", BLANK),
        Passage("secretary", BLANK),
        Passage("members", BLANK, is_list=True),
        Passage("opinions", BLANK),
        Passage("ended", "… giờ …, ngày … tháng … năm …"),
        Passage("recipients", "Thành viên Tổ thẩm định\nLưu: VT, hồ sơ", is_list=True),
    ),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one document by passage; what nobody wrote is as usual."""

    texts: Mapping[str, str]

    def text(self, code: str) -> str:
        """A passage as one paragraph, without the stop at its end."""
        return " ".join(self.texts[code].split()).rstrip(".;, ")

    def lines(self, code: str) -> tuple[str, ...]:
        """The items of a list, each without its dash and stop."""
        items = (line.strip().lstrip("-–").strip().rstrip(".;, ") for line in self.texts[code].splitlines())
        return tuple(item for item in items if item)

    def paragraphs(self, code: str) -> tuple[str, ...]:
        """A longer text, paragraph by paragraph."""
        return tuple(line.strip() for line in self.texts[code].splitlines() if line.strip())

    @property
    def blank_count(self) -> int:
        """How many places still have to be filled in."""
        return sum(text.count(BLANK) for text in self.texts.values())


def ended(text: str, stop: str) -> str:
    """The text with its stop; a place that is still empty gets none."""
    return text if text.endswith(BLANK) else text + stop


def wording_of(kind: Kind, saved: Mapping[str, str], office: str, year: int) -> Wording:
    """What was saved, filled up with what is usual."""
    return Wording(
        {
            passage.code: saved.get(passage.code) or passage.usual.format(office=office, year=year)
            for passage in PASSAGES[kind]
        }
    )
