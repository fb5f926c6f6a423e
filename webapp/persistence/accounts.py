"""People who sign in, and what they may do."""

import datetime as dt

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.persistence.base import Base, Id, Slug, reference
from webapp.persistence.campaign import Unit


class EndedSession(Base):
    """A sign-in that was ended by signing out: its cookie, wherever a copy lies, opens nothing any more."""

    __tablename__ = "ended_session"
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    ended_at: Mapped[dt.datetime] = mapped_column(index=True)


class SignInBrake(Base):
    """Lately failed sign-ins of an address (`address:10.0.0.5`) or of a name (`name:` and its SHA-256)."""

    __tablename__ = "sign_in_brake"
    subject: Mapped[str] = mapped_column(String(120), primary_key=True)
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    counted_since: Mapped[dt.datetime] = mapped_column(index=True)
    locked_until: Mapped[dt.datetime | None]


class User(Base):
    """A person's account. `role` is one of webapp.http.access.Role; units have `unit_id`, others None."""

    __tablename__ = "app_user"
    id: Mapped[Id]
    username: Mapped[str] = mapped_column(String(80), unique=True)
    display_name: Mapped[str]
    role: Mapped[Slug]
    unit_id: Mapped[int | None] = reference("unit.id")
    password_hash: Mapped[str]
    must_change_password: Mapped[bool] = mapped_column(default=False)  # it is known from a slip of paper
    locale: Mapped[str] = mapped_column(String(5), default="vi")
    is_active: Mapped[bool] = mapped_column(default=True)
    session_epoch: Mapped[int] = mapped_column(default=0)  # raising it ends every session of this person
    switched_off_at: Mapped[dt.datetime | None]  # since when it has not been used, for the retention of names
    erased_on: Mapped[dt.date | None]  # the name was taken away; the account never opens again
    unit: Mapped[Unit | None] = relationship()


class SignInRecord(Base):
    """One sign-in as its owner and the administrator see it: when and from where; forgotten when it is over.

    It holds while `epoch` is the account's and no `EndedSession` bears its `key`.
    """

    __tablename__ = "sign_in_record"
    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(32), unique=True)
    user_id: Mapped[int] = reference("app_user.id")
    epoch: Mapped[int]
    begun_at: Mapped[dt.datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(60))
    browser: Mapped[str] = mapped_column(String(60))  # "Chrome, Windows"


class SecondFactor(Base):
    """What an authenticator app shares with the account; it counts once a first code has confirmed it."""

    __tablename__ = "second_factor"
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), primary_key=True, autoincrement=False)
    secret: Mapped[str] = mapped_column(String(64))  # base32
    confirmed_at: Mapped[dt.datetime | None]
    last_step: Mapped[int] = mapped_column(default=0)  # no code of this half minute or before is taken again


class RecoveryCode(Base):
    """A code on paper for the day on which the telephone is lost; good once."""

    __tablename__ = "recovery_code"
    id: Mapped[Id]
    user_id: Mapped[int] = reference("app_user.id")
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[dt.datetime | None]
