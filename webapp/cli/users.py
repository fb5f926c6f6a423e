"""`chamdiem create-user`: an account from the command line; the first administrator comes into being so."""

import argparse
import getpass
import sys

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.cli.parsers import Groups
from webapp.errors import AppError, NotFound
from webapp.persistence.base import make_engine, make_session_factory, utc_now
from webapp.persistence.campaign import Campaign, Unit
from webapp.services.accounts import NewAccount, Role, create_user
from webapp.services.passwords import make_password
from webapp.settings import Settings

_REFUSED = 2


def add_parser(groups: "Groups[argparse.ArgumentParser]") -> None:
    """Add `create-user`."""
    parser = groups.add_parser("create-user", help="add an account")
    parser.add_argument("--username", required=True)
    parser.add_argument("--name", default="", help="the person's name, as shown")
    parser.add_argument("--role", required=True, choices=[role.value for role in Role])
    parser.add_argument("--unit", help="code of the unit, for the role unit")
    parser.add_argument(
        "--ask-password",
        action="store_true",
        help="type it, or send it as one line of input; without this one is made and printed once",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    """Make the account; one line says how it went."""
    password = _asked_password() if arguments.ask_password else make_password()
    engine = make_engine(Settings.from_env().database_url)
    try:
        with make_session_factory(engine)() as session:
            account = NewAccount(
                username=arguments.username,
                display_name=arguments.name,
                role=Role(arguments.role),
                unit_id=None if arguments.unit is None else _find_unit(session, arguments.unit),
            )
            is_made = not arguments.ask_password
            user = create_user(
                session, "command line", account, password, utc_now(), is_first_password=is_made
            )
            session.commit()
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        return _REFUSED
    finally:
        engine.dispose()
    shown = (
        ""
        if arguments.ask_password
        else f"\nPassword, shown only now, to be changed at the first sign-in: {password}"
    )
    sys.stdout.write(f"Account {user.username} ({user.role}) made.{shown}\n")
    return 0


def _find_unit(session: Session, code: str) -> int:
    """The unit of the newest campaign that has this code."""
    newest = (
        select(Unit.id)
        .join(Campaign)
        .where(Unit.code == code)
        .order_by(Campaign.is_current.desc(), Campaign.year.desc())
        .limit(1)
    )
    found = session.scalars(newest).first()
    if found is None:
        raise NotFound("Không có đơn vị mang mã %(code)s.", code=code)
    return found


def _asked_password() -> str:
    """Typed unseen, or the first line of what is sent in."""
    return getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
