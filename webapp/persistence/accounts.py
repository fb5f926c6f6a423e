"""People who sign in, and what they may do."""

import datetime as dt

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.persistence.base import Base, Id, Slug, reference
from webapp.persistence.campaign import Unit


class EndedSession(Base):
    """A sign-in that was ended by signing out: its cookie, wherever a copy lies, opens nothing any more."""

    __tablename__ = "ended_session"
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    ended_at: Mapped[dt.datetime] = mapped_column(index=True)


class SignInBrake(Base):
    """Failed sign-ins of what has no account: `address:10.0.0.5`, or `name:…` that nobody bears."""

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
    locale: Mapped[str] = mapped_column(String(5), default="vi")
    is_active: Mapped[bool] = mapped_column(default=True)
    session_epoch: Mapped[int] = mapped_column(default=0)  # raising it ends every session of this person
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[dt.datetime | None]
    unit: Mapped[Unit | None] = relationship()
