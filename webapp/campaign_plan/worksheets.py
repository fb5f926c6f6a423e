"""A campaign as worksheets: one for each part, named by its title, columns by their headings."""

from webapp.campaign_plan.parts import PARTS, plan_rows
from webapp.campaign_plan.plan import CampaignPlan
from webapp.errors import InvalidInput
from webapp.typed_tables import worksheets
from webapp.typed_tables.parts import RowProblem, Tables
from webapp.typed_tables.worksheets import Worksheets


def worksheets_of(plan: CampaignPlan | None) -> dict[str, list[list[str]]]:
    """The campaign, or the empty tables to fill."""
    return worksheets.worksheets_of(PARTS.values(), {} if plan is None else plan_rows(plan))


def read_worksheets(found: Worksheets) -> tuple[Tables, list[RowProblem]]:
    """The rows of every part that has a worksheet, and headings that are missing.

    Raises:
        InvalidInput: no worksheet bears the title of a part.
    """
    rows, problems = worksheets.read_worksheets(tuple(PARTS.values()), found)
    if not rows:
        titles = ", ".join(str(part.title) for part in PARTS.values())
        raise InvalidInput(
            "Tệp không có trang tính nào của chu kỳ (%(titles)s). Tải tệp mẫu để điền.", titles=titles
        )
    return rows, problems
