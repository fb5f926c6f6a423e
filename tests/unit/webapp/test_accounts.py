"""Accounts and passwords, on both databases."""

import datetime as dt
import io

import pytest
from sqlalchemy.orm import Session

from tests.worlds.small import PASSWORD, make_small_world
from webapp.cli import main
from webapp.errors import InvalidInput, NotFound
from webapp.services import accounts, passwords, sign_in_brakes, sign_ins
from webapp.services.accounts import NewAccount, Role


def test_passwords_are_kept_as_argon2id_and_made_stronger_at_the_next_sign_in(
    session: Session, now: dt.datetime
) -> None:
    user = make_small_world(session, now).users["clerk"]
    before = user.password_hash
    assert sign_ins.verify_sign_in(session, "clerk", PASSWORD, now).user is user
    assert user.password_hash.startswith("$argon2id$")
    assert user.password_hash != before, "the small world hashes cheaply"
    assert sign_ins.verify_sign_in(session, "clerk", PASSWORD, now).user is user


def test_a_right_password_forgets_the_wrong_ones(session: Session, now: dt.datetime) -> None:
    make_small_world(session, now)
    for _ in range(2):
        for _ in range(sign_in_brakes.FAILURES_BEFORE_LOCK - 1):
            assert sign_ins.verify_sign_in(session, "clerk", "khong", now).locked_until is None
        assert sign_ins.verify_sign_in(session, "clerk", PASSWORD, now).user is not None


@pytest.mark.parametrize("pause", [dt.timedelta(minutes=14), dt.timedelta(minutes=16)])
def test_no_waiting_between_wrong_passwords_tells_an_account_from_another_name(
    session: Session, now: dt.datetime, pause: dt.timedelta
) -> None:
    make_small_world(session, now)
    moments = [now] * (sign_in_brakes.FAILURES_BEFORE_LOCK - 1) + [now + pause] * 3
    told = [
        [sign_ins.verify_sign_in(session, name, "khong", moment).locked_until for moment in moments]
        for name in ("clerk", "nobody")
    ]
    assert told[0] == told[1]
    assert (told[0][-1] is None) == (pause > sign_in_brakes.LOCK)


def test_a_lock_that_has_just_ended_is_not_told_again(session: Session, now: dt.datetime) -> None:
    make_small_world(session, now)
    for _ in range(sign_in_brakes.FAILURES_BEFORE_LOCK):
        sign_ins.verify_sign_in(session, "clerk", "khong", now)
    later = now + sign_in_brakes.LOCK
    assert sign_ins.verify_sign_in(session, "clerk", "khong", later) == sign_ins.SignIn(None)


def test_a_lock_ends_by_itself_and_by_a_new_password(session: Session, now: dt.datetime) -> None:
    user = make_small_world(session, now).users["clerk"]
    for _ in range(sign_in_brakes.FAILURES_BEFORE_LOCK):
        ended = sign_ins.verify_sign_in(session, "clerk", "khong", now)
    assert ended.locked_until == now + sign_in_brakes.LOCK
    password = accounts.reset_password(session, "administrator", user.id, now)
    assert sign_ins.verify_sign_in(session, "clerk", password, now).user is user


def test_over_long_passwords_are_refused_unhashed(session: Session, now: dt.datetime) -> None:
    make_small_world(session, now)
    assert sign_ins.verify_sign_in(session, "clerk", "x" * 1_000_000, now).user is None


def test_units_and_the_role_unit_belong_together(session: Session, now: dt.datetime) -> None:
    unit = make_small_world(session, now).units["NV"]
    for account in (NewAccount("a", "A", Role.UNIT), NewAccount("b", "B", Role.HEAD, unit.id)):
        with pytest.raises(InvalidInput):
            accounts.create_user(session, "administrator", account, "mot-cau-dai-du", now)


def test_made_passwords_are_long_and_easy_to_copy() -> None:
    made = {passwords.make_password() for _ in range(200)}
    assert len(made) == 200
    assert all(len(password) == 14 and not set(password) & set("il1o0") for password in made)
    assert all(len(password) >= passwords.MIN_LENGTH for password in made)


def test_a_switched_off_account_is_no_demo_login(session: Session, now: dt.datetime) -> None:
    world = make_small_world(session, now)
    accounts.set_active(session, world.users["administrator"], world.users["clerk"].id, active=False, now=now)
    assert "clerk" not in {user.username for user in accounts.list_demo_users(session)}
    with pytest.raises(NotFound):
        sign_ins.enter_demo(session, world.users["clerk"].id, now)


def test_the_first_administrator_comes_from_the_command_line(
    session: Session,
    database_url: str,
    now: dt.datetime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_small_world(session, now)
    session.commit()
    monkeypatch.setenv("CHAMDIEM_DATABASE", database_url)
    monkeypatch.setenv("CHAMDIEM_SECRET", "secret")
    assert main(["create-user", "--username", "quantri", "--role", "administrator"]) == 0
    password = capsys.readouterr().out.split()[-1]
    user = sign_ins.verify_sign_in(session, "quantri", password, now).user
    assert user is not None
    assert user.role == Role.ADMINISTRATOR
    session.rollback()
    assert main(["create-user", "--username", "quantri", "--role", "clerk"]) == 2
    assert "quantri" in capsys.readouterr().err
    assert main(["create-user", "--username", "xa", "--role", "unit", "--unit", "19186"]) == 0
    assert main(["create-user", "--username", "xb", "--role", "unit", "--unit", "0"]) == 2
    monkeypatch.setattr("sys.stdin", io.StringIO("mot-cau-tu-dat\n"))
    assert main(["create-user", "--username", "xc", "--role", "viewer", "--ask-password"]) == 0
    assert sign_ins.verify_sign_in(session, "xc", "mot-cau-tu-dat", now).user is not None
