"""What a request leaves in the log although it changes nothing: looking, taking data out, refusals."""

import logging
from typing import Any

from flask import request
from sqlalchemy.exc import SQLAlchemyError

from webapp.http.context import app_context, current_session, current_user, now, signed_in_user
from webapp.http.transaction import roll_back
from webapp.persistence.audit import LogHead, read_head, write_log

_LOG = logging.getLogger("chamdiem")
_PATH_LENGTH = 120


def log_reading(act: str, subject: str, **detail: Any) -> LogHead:  # noqa: ANN401 - any JSON value
    """Log that this person saw or took something, in a transaction of its own; gives that entry's mark.

    Only for requests that write nothing else: they hold no lock for which this would have to wait.
    """
    with app_context().write_sessions.begin() as writing:
        entry = write_log(writing, now(), current_user().username, act, subject, **detail)
    return entry.head


def log_refusal(code: str) -> None:
    """Log that a signed-in person was refused; whatever becomes of it, the refusal itself is shown."""
    user = signed_in_user()
    if user is None:
        return
    username = user.username
    roll_back()  # or this would wait for the lock of its own request
    try:
        with app_context().write_sessions.begin() as writing:
            address = request.path[:_PATH_LENGTH]
            write_log(writing, now(), username, "refused", address, method=request.method, code=code)
    except SQLAlchemyError:
        _LOG.exception("a refusal could not be logged: %s", request.path)


def log_mark() -> str:
    """The newest entry's mark, for the foot of what is printed from a page."""
    return read_head(current_session()).mark
