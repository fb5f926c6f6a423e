"""What the levels of units are called."""

from webapp.http.locale import lazy

LEVEL_NAMES: dict[str, str] = {
    "division": lazy("Phòng, đơn vị thuộc huyện"),
    "commune": lazy("Xã, thị trấn"),
}


def level_name(level: str) -> str:
    """The level's name, or its code where it has none."""
    return LEVEL_NAMES.get(level, level)
