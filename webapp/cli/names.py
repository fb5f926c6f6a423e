"""`chamdiem erase-names`: take away the names that are older than the office keeps them."""

import argparse
import datetime as dt
import getpass
import sys

from sqlalchemy.orm import Session

from webapp.cli.parsers import Groups
from webapp.persistence.base import make_engine, make_session_factory, utc_now
from webapp.services.personal_data import NamesDue, erase_due, names_due
from webapp.settings import Settings

_NOT_SET = 2
_MONTH = dt.timedelta(days=31)


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `erase-names`."""
    parser = groups.add_parser("erase-names", help="erase names that are older than the office keeps them")
    parser.add_argument("--months", type=int, help="instead of CHAMDIEM_NAMES_KEPT_MONTHS; 1 at least")
    parser.add_argument("--yes", action="store_true", help="without this, only say what would be erased")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    """Say what is due, by list and account; erase it where `--yes` says so."""
    settings, now = Settings.from_env(), utc_now()
    months = settings.names_kept_months if arguments.months is None else arguments.months
    if months is None or months < 1:
        sys.stderr.write("How long are names kept? Set CHAMDIEM_NAMES_KEPT_MONTHS, or say --months 24.\n")
        return _NOT_SET
    engine = make_engine(settings.database_url)
    try:
        with make_session_factory(engine)() as session:
            due = names_due(session, months * _MONTH, now)
            _say(due)
            if arguments.yes:
                _erase(session, due, now)
            elif due.people or due.accounts:
                sys.stdout.write("Nothing was erased yet; say --yes to do it. Answers and sums stay.\n")
    finally:
        engine.dispose()
    return 0


def _say(due: NamesDue) -> None:
    """Numbers of people only: names would live on in a terminal's history."""
    by_list: dict[tuple[int, str], int] = {}
    for person in due.people:
        where = (person.campaign_id, person.__tablename__)
        by_list[where] = by_list.get(where, 0) + 1
    for (campaign_id, kind), count in sorted(by_list.items()):
        sys.stdout.write(f"campaign {campaign_id}: names of {count} in the list {kind}\n")
    for user in due.accounts:
        sys.stdout.write(f"account {user.username}: its name, switched off at {user.switched_off_at}\n")
    if not due.people and not due.accounts:
        sys.stdout.write("No name is older than that.\n")


def _erase(session: Session, due: NamesDue, now: dt.datetime) -> None:
    erase_due(session, getpass.getuser(), due, now)
    session.commit()
    sys.stdout.write(f"Erased: {len(due.people)} names of lists, {len(due.accounts)} of accounts.\n")
