"""Passwords: hashing them, making them, and which ones people may choose.

Length counts, not composition; refused are the commonest ones and those that name their owner
(NIST SP 800-63B §3.1.1.2).
"""

import secrets
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from webapp.errors import InvalidInput

MIN_LENGTH = 10
MAX_LENGTH = 200
_SHORTEST_NAME = 3  # of which it says anything that a password holds it
_LEAST_DIFFERENT = 5  # signs: "aaaaaaaaaa" and "1212121212" are guessed at once
# No l, i, o, 0, 1: they are read aloud and copied by hand.
_PLAIN_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_EXPECTED = ("chamdiem", "matkhau", "password")  # what guessers try first here, whatever follows
_COMMON = Path(__file__).with_name("common_passwords.txt")

# OWASP's argon2id setting (19 MiB, 2 passes): some 30 ms, so that the database lock is not held for long.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
UNKNOWN_USER_HASH = _hasher.hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    """What is kept of a password: argon2id with its own salt."""
    return _hasher.hash(password)


def is_password(password_hash: str, password: str) -> bool:
    """Whether the password is the one; over-long ones are never hashed."""
    if len(password) > MAX_LENGTH:
        return False
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether it was hashed with a weaker setting than today's."""
    return _hasher.check_needs_rehash(password_hash)


def check_password(password: str, username: str) -> None:
    """Whether a person may choose it.

    Raises:
        InvalidInput: too short, too long, common, monotonous, or it holds the username.
    """
    if len(password) < MIN_LENGTH:
        raise InvalidInput("Mật khẩu cần ít nhất %(length)s ký tự.", length=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        raise InvalidInput("Mật khẩu dài nhất %(length)s ký tự.", length=MAX_LENGTH)
    plain = password.lower()
    is_in_it = len(username) >= _SHORTEST_NAME and username.lower() in plain
    if is_in_it and len(plain) < len(username) + MIN_LENGTH:
        raise InvalidInput("Mật khẩu không được chứa tên đăng nhập. Đặt một câu khác.")
    letters = "".join(sign for sign in plain if sign.isalnum())
    is_expected = letters.rstrip("0123456789") in _EXPECTED
    if is_expected or plain in common_passwords() or len(set(plain)) < _LEAST_DIFFERENT:
        raise InvalidInput("Mật khẩu này quá dễ đoán. Đặt một câu ngắn chỉ mình bạn nghĩ ra.")


def make_password() -> str:
    """Twelve letters in three groups, 59 bits, easy to copy from a slip of paper."""
    letters = [secrets.choice(_PLAIN_LETTERS) for _ in range(12)]
    return "-".join("".join(letters[start : start + 4]) for start in (0, 4, 8))


@cache
def common_passwords() -> frozenset[str]:
    """The commonest passwords that are long enough to be chosen, in lower case."""
    lines = _COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
