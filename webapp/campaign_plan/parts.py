"""The parts of a campaign as tables: what the columns are called, and which value stands in each."""

from collections.abc import Callable, Mapping
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
from webapp.typed_tables.parts import Column, Part, Read, Rows

GENERAL = "general"


def _required(code: str, title: Words, read: Read = cells.read_text) -> Column:
    return Column(code, title, read, cells.write)


def _optional(
    code: str,
    title: Words,
    read: Read = cells.read_text,
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
            _required("year", words("Năm đánh giá"), cells.read_year),
            _required("name", words("Tên chu kỳ")),
            _required("office_name", words("Cơ quan")),
            _required("place", words("Địa danh trên văn bản")),
            _optional("recipient", words("Nơi nhận phiếu"), default=""),
            _optional("forms_out_on", words("Ngày phát phiếu"), cells.read_day),
            _optional("forms_back_on", words("Hạn nộp phiếu"), cells.read_day),
            _optional("self_score_from_at", words("Bắt đầu tự chấm"), cells.read_moment),
            _required("self_score_due_at", words("Hạn tự chấm"), cells.read_moment),
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
            _required("code", words("Mã"), cells.read_code),
            _required("name", words("Tên một đơn vị")),
            _required("plural", words("Tên chung")),
        ),
        ("code",),
    ),
    Part(
        "units",
        words("Đơn vị"),
        UnitPlan,
        (
            _required("code", words("Mã"), cells.read_code),
            _required("name", words("Tên trong câu")),
            _optional("kind", words("Loại"), default=""),
            _required("level", words("Cấp"), cells.read_code),
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
            _required("form_code", words("Mẫu phiếu"), cells.read_code),
            _required("code", words("Mã nhóm"), cells.read_code),
            _required("name", words("Tên nhóm")),
            _required("level", words("Đánh giá cấp"), cells.read_code),
            _required("sheets_per_unit", words("Phiếu mỗi đơn vị"), cells.read_count),
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
            _required("form_code", words("Mẫu phiếu"), cells.read_code),
            _required("sheets", words("Số phiếu"), cells.read_count),
        ),
        ("form_code",),
    ),
    Part(
        "signatories",
        words("Người ký"),
        SignatoryPlan,
        (_required("name", words("Họ và tên")), _required("title", words("Chức danh"))),
        ("name",),
    ),
)
PARTS: Mapping[str, Part] = {part.code: part for part in _PARTS}


def part_values(part: Part, plan: CampaignPlan) -> tuple[Any, ...]:
    """The part's values in a plan; the general part is the plan itself."""
    return (plan,) if part.code == GENERAL else tuple(getattr(plan, part.code))


def plan_rows(plan: CampaignPlan) -> dict[str, Rows]:
    """A whole campaign as rows."""
    return {part.code: [part.row(value) for value in part_values(part, plan)] for part in PARTS.values()}
