"""When the nightly work is due, and which backups stay."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.services.backup_schedule import OFFICE_ZONE, Retention, is_due, is_old, last_hour, superfluous

NIGHT = 2


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2021, 3, day, hour, minute, tzinfo=OFFICE_ZONE)


@pytest.mark.parametrize(
    ("now", "expected"), [(at(16, 1, 59), at(15, 2)), (at(16, 2), at(16, 2)), (at(16, 23), at(16, 2))]
)
def test_the_last_night(now: dt.datetime, expected: dt.datetime) -> None:
    assert last_hour(now.astimezone(dt.UTC), NIGHT) == expected


@pytest.mark.parametrize(
    ("now", "since", "due"),
    [
        (at(16, 1, 59), at(15, 2, 1), False),
        (at(16, 2, 1), at(15, 2, 1), True),
        (at(16, 7, 30), at(12, 2, 1), True),  # the machine was off over the weekend
        (at(16, 7, 30), at(16, 2, 1), False),
        (at(16, 7, 30), None, False),  # nothing to lose yet
        (at(16, 7, 30), at(16, 7, 31), False),  # the clock was put right by a minute
        (at(16, 7, 30), at(26, 2, 1), True),  # made by a clock that was ten days ahead
    ],
)
def test_once_a_night_and_later_where_the_machine_was_off(
    now: dt.datetime, since: dt.datetime | None, *, due: bool
) -> None:
    assert is_due(now, NIGHT, since, None) is due


def test_nobody_relies_on_a_backup_that_is_old_or_of_a_later_day() -> None:
    now = at(16, 7, 30)
    assert not any(is_old(made_at, now) for made_at in (at(16, 2), at(14, 8), at(16, 7, 31)))
    assert all(is_old(made_at, now) for made_at in (at(14, 7), at(18, 8)))


def test_a_failure_is_tried_again_after_an_hour() -> None:
    assert not is_due(at(16, 2, 59), NIGHT, at(15, 2), at(16, 2))
    assert is_due(at(16, 3), NIGHT, at(15, 2), at(16, 2))


def test_days_weeks_and_months_are_kept() -> None:
    nights = [dt.datetime(2021, 1, 1, 2, tzinfo=OFFICE_ZONE) + dt.timedelta(days=n) for n in range(120)]
    gone = set(superfluous(nights, Retention(days=7, weeks=4, months=3)))
    kept = [f"{night:%m-%d}" for night in sorted(set(nights) - gone)]
    assert kept == [
        "02-28", "03-31",  # the last of each month
        "04-11", "04-18",  # Sundays
        "04-24", "04-25", "04-26", "04-27", "04-28", "04-29", "04-30",
    ]  # fmt: skip


@given(
    st.lists(st.integers(0, 500 * 24), unique=True, max_size=60).map(
        lambda hours: [at(1, 0) + dt.timedelta(hours=hour) for hour in hours]
    ),
    st.builds(Retention, st.integers(0, 9), st.integers(0, 5), st.integers(0, 5)),
)
def test_the_newest_always_stays_and_clearing_twice_changes_nothing(
    moments: list[dt.datetime], kept: Retention
) -> None:
    gone = superfluous(moments, kept)
    left = [moment for moment in moments if moment not in gone]
    assert not moments or max(moments) in left
    assert superfluous(left, kept) == []
