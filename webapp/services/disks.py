"""What the office's disks say of themselves."""

from pathlib import Path


def is_one_disk(one: Path, other: Path) -> bool:
    """Whether both folders lie (or would lie) on one disk, so that both are lost with it."""
    return standing_folder(one).stat().st_dev == standing_folder(other).stat().st_dev


def standing_folder(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.exists())
