"""The second step of signing in: six digits of an authenticator app (TOTP, RFC 6238), or a recovery code.

For the accounts that can do the most; each of them chooses whether to use it.
"""

import datetime as dt
import hashlib

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput
from webapp.persistence.accounts import RecoveryCode, SecondFactor, User
from webapp.persistence.audit import write_log
from webapp.services.accounts import Role
from webapp.services.passwords import make_password

ROLES = frozenset({Role.HEAD, Role.ADMINISTRATOR})
RECOVERY_CODES = 8
_ISSUER = "Cham Diem"  # apps show it; some of them know no other letters
_STEPS_AROUND = 1  # a telephone's clock may be half a minute off


def is_on(session: Session, user: User) -> bool:
    """Whether this account asks for a code."""
    factor = session.get(SecondFactor, user.id)
    return factor is not None and factor.confirmed_at is not None


def find_pending(session: Session, user: User) -> SecondFactor | None:
    """What was begun and not confirmed yet."""
    factor = session.get(SecondFactor, user.id)
    return None if factor is None or factor.confirmed_at is not None else factor


def begin(session: Session, user: User) -> None:
    """Make a secret for the app to be shown; nothing is asked for before a code has confirmed it.

    Raises:
        InvalidInput: not a role with a second step, or it is on already.
    """
    if user.role not in ROLES:
        raise InvalidInput("Đăng nhập hai bước dành cho lãnh đạo và quản trị.")
    if is_on(session, user):
        raise InvalidInput("Đăng nhập hai bước đang bật. Tắt trước khi đặt lại.")
    session.merge(SecondFactor(user_id=user.id, secret=pyotp.random_base32(), confirmed_at=None, last_step=0))


def address_for_app(factor: SecondFactor, username: str) -> str:
    """What the picture to be photographed says, an address that begins with otpauth."""
    return pyotp.TOTP(factor.secret).provisioning_uri(name=username, issuer_name=_ISSUER)


def confirm(session: Session, user: User, typed: str, now: dt.datetime) -> list[str]:
    """Switch it on with a first code; gives the recovery codes, to be shown once.

    Raises:
        InvalidInput: nothing was begun, or the code is not right.
    """
    factor = find_pending(session, user)
    if factor is None:
        raise InvalidInput("Chưa bắt đầu bật đăng nhập hai bước. Bắt đầu lại từ trang tài khoản.")
    if not _is_code(factor, typed, now):
        raise InvalidInput(
            "Mã chưa đúng. Chờ mã mới trên điện thoại rồi nhập lại; xem giờ điện thoại có đúng không."
        )
    factor.confirmed_at = now
    write_log(session, now, user.username, "second_factor_on", user.username)
    return _make_recovery_codes(session, user)


def take_code(session: Session, user: User, typed: str, now: dt.datetime) -> bool:
    """Whether a code of the app or a recovery code admits; either is good once, at one moment too."""
    factor = session.get(SecondFactor, user.id, with_for_update=True)
    if factor is None or factor.confirmed_at is None:
        return False
    return _is_code(factor, typed, now) or _is_recovery_code(session, user, typed, now)


def remove(session: Session, actor: str, user: User, now: dt.datetime) -> None:
    """Take it away: the telephone is lost, and the person was known by other means."""
    forget(session, user)
    write_log(session, now, actor, "second_factor_off", user.username)


def forget(session: Session, user: User) -> None:
    """Delete secret and codes."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))


def count_recovery_codes(session: Session, user: User) -> int:
    """How many are left."""
    left = select(func.count()).where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    return session.scalar(left) or 0


def _is_code(factor: SecondFactor, typed: str, now: dt.datetime) -> bool:
    """Six digits of this half minute or the ones beside it, and newer than the last that were taken."""
    digits = "".join(typed.split())
    if not (digits.isascii() and digits.isdigit()):
        return False
    try:
        step = pyotp.TOTP(factor.secret).verify_and_get_timecode(
            digits, for_time=now, valid_window=_STEPS_AROUND
        )
    except OTPVerificationError:
        return False
    if step <= factor.last_step:
        return False
    factor.last_step = step
    return True


def _is_recovery_code(session: Session, user: User, typed: str, now: dt.datetime) -> bool:
    unused = select(RecoveryCode).where(
        RecoveryCode.user_id == user.id,
        RecoveryCode.used_at.is_(None),
        RecoveryCode.code_hash == _hash_of(user, typed),
    )
    code = session.scalars(unused).first()
    if code is None:
        return False
    code.used_at = now
    session.flush()
    left = count_recovery_codes(session, user)
    write_log(session, now, user.username, "recovery_code_used", user.username, left=left)
    return True


def _make_recovery_codes(session: Session, user: User) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [make_password() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(user_id=user.id, code_hash=_hash_of(user, code)) for code in codes)
    return codes


def _hash_of(user: User, code: str) -> str:
    """Random codes of 59 bits need no slow hash; dashes and blanks do not matter."""
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return hashlib.sha256(f"{user.id}:{plain}".encode()).hexdigest()
