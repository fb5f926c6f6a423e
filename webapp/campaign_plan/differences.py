"""What would change if one campaign took the place of another."""

from webapp.campaign_plan.parts import PARTS, plan_rows
from webapp.campaign_plan.plan import CampaignPlan
from webapp.typed_tables.differences import Difference, differences_of


def differences(before: CampaignPlan | None, after: CampaignPlan) -> list[Difference]:
    """All rows that differ, part by part; without a `before` every row is added."""
    return differences_of(PARTS.values(), {} if before is None else plan_rows(before), plan_rows(after))
