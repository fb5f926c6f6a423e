"""The panel of the folder that scanners store to."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from webapp.persistence.watched_folder import count_taken, folder_state
from webapp.services.watched_folder import REFUSED_FOLDER
from webapp.settings import Settings

_SILENT = dt.timedelta(seconds=30)
_TODAY = dt.timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class FolderPanel:
    """What the clerk sees of the folder.

    `problem`: None, "silent" (no worker looks at it), or as in FolderState.
    """

    path: str
    growing: int
    taken_today: int
    refused_folder: str
    problem: str | None


def folder_panel(session: Session, settings: Settings, now: dt.datetime) -> FolderPanel | None:
    """The panel, or None where no folder is set."""
    if settings.scan_folder is None:
        return None
    state, path = folder_state(session), str(settings.scan_folder)
    taken = count_taken(session, now - _TODAY)
    if state is None or now - state.seen_at > _SILENT:
        return FolderPanel(path, 0, taken, REFUSED_FOLDER, "silent")
    return FolderPanel(path, state.growing, taken, REFUSED_FOLDER, state.problem)
