"""What the levels of the campaign's units are called: the campaign says so."""

from webapp.http.context import find_campaign


def level_name(code: str) -> str:
    """The level's heading, or its code where the campaign has no such level."""
    campaign = find_campaign()
    levels = [] if campaign is None else campaign.levels
    return next((level.plural for level in levels if level.code == code), code)
