"""One transaction per request: kept when the view returns below 400, otherwise as if nothing had happened."""

from flask import Flask, Response, g, request
from sqlalchemy.orm import Session

from webapp.http.context import READING_METHODS

_FIRST_FAILURE = 400


def keep_changes() -> None:
    """Commit although the answer is a refusal: a failed sign-in has to be counted."""
    g.keep_changes = True


def roll_back() -> None:
    """Undo what this request wrote so far; the session can be read from again."""
    opened: Session | None = g.get("db_session")
    if opened is not None:
        opened.rollback()


def install_transactions(app: Flask) -> None:
    """Commit or roll back after every view, close at the very end."""
    app.after_request(_settle)
    app.teardown_appcontext(_close)


def _settle(response: Response) -> Response:
    """Keep or undo; a commit that fails becomes a server fault, never a false "saved"."""
    opened: Session | None = g.get("db_session")
    if opened is not None:
        kept = response.status_code < _FIRST_FAILURE or g.get("keep_changes", False)
        if kept and request.method not in READING_METHODS:
            opened.commit()
        else:
            opened.rollback()
    return response


def _close(_error: BaseException | None) -> None:
    """Give the connection back."""
    opened: Session | None = g.pop("db_session", None)
    if opened is not None:
        opened.close()
