"""The parts of a campaign as tables: what the columns are called, and which value stands in each.

One description serves the screens, the workbook, the checks and the preview of differences.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.campaign_plan import cells
from webapp.campaign_plan.plan import (
    CampaignPlan,
    FormTotalPlan,
    GroupPlan,
    LevelPlan,
    SignatoryPlan,
    UnitPlan,
)
from webapp.par_index.exact import Words, words

GENERAL = "general"
Cells = dict[str, str]
"""One row: column code → what is written there."""
Rows = list[Cells]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; its code is the name of the value in the plan."""

    code: str
    title: Words
    read: cells.Read = cells.read_text
    write: Callable[[object], str] = cells.write
    is_required: bool = True
    default: object = None  # what an empty cell means


@dataclass(frozen=True, slots=True)
class Part:
    """One table. `make` builds a row's value; `keys` are the columns by which a row is known again."""

    code: str
    title: Words
    make: Callable[..., Any]
    columns: tuple[Column, ...]
    keys: tuple[str, ...]

    def values(self, plan: CampaignPlan) -> tuple[Any, ...]:
        """The part's rows of a plan; the general part is the plan itself."""
        return (plan,) if self.code == GENERAL else tuple(getattr(plan, self.code))

    def rows(self, plan: CampaignPlan) -> Rows:
        """The same, as it is written."""
        return [
            {column.code: column.write(getattr(value, column.code)) for column in self.columns}
            for value in self.values(plan)
        ]

    def key(self, row: Cells) -> str:
        """By what the row is known: “CX1.DB”."""
        return ".".join(row[code] for code in self.keys)


def _optional(
    code: str,
    title: Words,
    read: cells.Read = cells.read_text,
    default: object = None,
    write: Callable[[object], str] = cells.write,
) -> Column:
    return Column(code, title, read, write, is_required=False, default=default)


_PARTS = (
    Part(
        GENERAL,
        words("Chung"),
        CampaignPlan,
        (
            Column("year", words("Năm đánh giá"), cells.read_year),
            Column("name", words("Tên chu kỳ")),
            Column("office_name", words("Cơ quan")),
            Column("place", words("Địa danh trên văn bản")),
            _optional("recipient", words("Nơi nhận phiếu"), default=""),
            _optional("forms_out_on", words("Ngày phát phiếu"), cells.read_day),
            _optional("forms_back_on", words("Hạn nộp phiếu"), cells.read_day),
            _optional("self_score_from_at", words("Bắt đầu tự chấm"), cells.read_moment),
            Column("self_score_due_at", words("Hạn tự chấm"), cells.read_moment),
            _optional("first_round_due_at", words("Hạn thẩm định vòng 1"), cells.read_moment),
            _optional("explanation_due_at", words("Hạn giải trình"), cells.read_moment),
            _optional("second_round_due_at", words("Hạn thẩm định vòng 2"), cells.read_moment),
            _optional("planned_sheets", words("Tổng số phiếu của kế hoạch"), cells.read_count),
        ),
        ("year",),
    ),
    Part(
        "levels",
        words("Cấp"),
        LevelPlan,
        (
            Column("code", words("Mã"), cells.read_code),
            Column("name", words("Tên một đơn vị")),
            Column("plural", words("Tên chung")),
        ),
        ("code",),
    ),
    Part(
        "units",
        words("Đơn vị"),
        UnitPlan,
        (
            Column("code", words("Mã"), cells.read_code),
            Column("name", words("Tên trong câu")),
            _optional("kind", words("Loại"), default=""),
            Column("level", words("Cấp"), cells.read_code),
            _optional("valid_from", words("Từ ngày"), cells.read_day),
            _optional("valid_to", words("Đến hết ngày"), cells.read_day),
        ),
        ("code",),
    ),
    Part(
        "groups",
        words("Nhóm trả lời"),
        GroupPlan,
        (
            Column("form_code", words("Mẫu phiếu"), cells.read_code),
            Column("code", words("Mã nhóm"), cells.read_code),
            Column("name", words("Tên nhóm")),
            Column("level", words("Đánh giá cấp"), cells.read_code),
            Column("sheets_per_unit", words("Phiếu mỗi đơn vị"), cells.read_count),
            _optional("place", words("Nơi phát"), cells.read_place, "unit", cells.write_place),
            _optional("people_per_place", words("Người mỗi nơi phát"), cells.read_count),
            _optional("substitutes", words("Trả lời thay")),
            _optional("in_booklets", words("In thành tập"), cells.read_yes, default=False),
            _optional("population", words("Cả nhóm có"), cells.read_count),
        ),
        ("form_code", "code"),
    ),
    Part(
        "form_totals",
        words("Số phiếu theo kế hoạch"),
        FormTotalPlan,
        (
            Column("form_code", words("Mẫu phiếu"), cells.read_code),
            Column("sheets", words("Số phiếu"), cells.read_count),
        ),
        ("form_code",),
    ),
    Part(
        "signatories",
        words("Người ký"),
        SignatoryPlan,
        (Column("name", words("Họ và tên")), Column("title", words("Chức danh"))),
        ("name",),
    ),
)
PARTS: Mapping[str, Part] = {part.code: part for part in _PARTS}


def plan_rows(plan: CampaignPlan) -> dict[str, Rows]:
    """A whole campaign as rows."""
    return {part.code: part.rows(plan) for part in PARTS.values()}
