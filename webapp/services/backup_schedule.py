"""When a backup is due, and which older ones are kept: pure, in the office's own time."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

OFFICE_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
RETRY = dt.timedelta(hours=1)
OLD = dt.timedelta(days=2)
_STRANGE = dt.timedelta(days=1)  # so far ahead of now is only what a wrong clock has written


@dataclass(frozen=True, slots=True)
class Retention:
    """How many backups are kept: the newest of each of so many days, weeks and months."""

    days: int = 7
    weeks: int = 4
    months: int = 6


def last_hour(now: dt.datetime, hour: int) -> dt.datetime:
    """The last time that the office's clock showed this hour."""
    today = now.astimezone(OFFICE_ZONE).replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= now else today - dt.timedelta(days=1)


def is_due(now: dt.datetime, hour: int, since: dt.datetime | None, failed_at: dt.datetime | None) -> bool:
    """Whether the nightly work of `hour` is still to be done; a machine that was off then does it later.

    Args:
        now: the moment.
        hour: of the office's clock, 0–23.
        since: when it was done last, or when there began to be a need for it; None: there is none.
        failed_at: when it failed last, if it has not been done since; it is tried again after `RETRY`.
    """
    if since is None or last_hour(now, hour) <= since <= now + _STRANGE:
        return False
    return failed_at is None or abs(now - failed_at) >= RETRY


def is_old(made_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether a backup is too old to rely on; of one that is said to be of a later day nobody knows."""
    return now - made_at > OLD or made_at - now > _STRANGE


def superfluous(moments: Iterable[dt.datetime], kept: Retention) -> list[dt.datetime]:
    """Which backups of these moments are not to be kept; never the newest one."""
    ordered = sorted(moments, reverse=True)
    keep = set(ordered[:1])
    keep |= _newest_of_each(ordered, kept.days, lambda day: day.isoformat())
    keep |= _newest_of_each(ordered, kept.weeks, lambda day: str(day.isocalendar()[:2]))
    keep |= _newest_of_each(ordered, kept.months, lambda day: f"{day:%Y-%m}")
    return [moment for moment in ordered if moment not in keep]


def _newest_of_each(
    ordered: list[dt.datetime], count: int, name_of: Callable[[dt.date], str]
) -> set[dt.datetime]:
    """The newest of each day, week or month, of the `count` last ones of which there is any."""
    newest: dict[str, dt.datetime] = {}
    for moment in ordered:
        newest.setdefault(name_of(moment.astimezone(OFFICE_ZONE).date()), moment)
    return set(list(newest.values())[:count])
