"""The log of what people did; rows are only ever added."""

import datetime as dt
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.persistence.base import Base, Id, Slug


class LogEntry(Base):
    """One act: who, when, what (a stable slug), on which object, and what changed."""

    __tablename__ = "log_entry"
    id: Mapped[Id]
    at: Mapped[dt.datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(80))
    act: Mapped[Slug] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(String(120))
    detail: Mapped[dict[str, Any]]


def write_log(session: Session, at: dt.datetime, actor: str, act: str, subject: str, **detail: Any) -> None:  # noqa: ANN401 - any JSON value
    """Add an entry in the caller's transaction, so that the act and its record live or die together."""
    session.add(LogEntry(at=at, actor=actor, act=act, subject=subject, detail=detail))
