"""Who may do what. Every endpoint declares it, or the app does not start.

A policy with a `scope` loads the object *within its owner*, so that a view cannot hold a foreign row:
`load(session, user, **url_args)` returns the object or raises NotFound, and the view gets only the object.
"""

import functools
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.exceptions import Unauthorized

from webapp.errors import NotPermitted
from webapp.http.context import current_session, current_user
from webapp.persistence.accounts import User
from webapp.services.accounts import Role

__all__ = ["PERMISSIONS", "PasswordDue", "Permission", "Role", "may", "policy", "public", "require_policies"]

Answer = TypeVar("Answer")
Owned = TypeVar("Owned")
View = Callable[..., Answer]
Scope = Callable[..., Owned]

_MARK = "access_policy"
_PUBLIC = "public"
_FRAMEWORK_ENDPOINTS = frozenset(
    {"static"}
)  # Flask's own view of webapp/static, which holds nothing personal


class PasswordDue(Exception):
    """The first password must be changed before anything else."""


class Permission(StrEnum):
    """What one may be allowed to do; roles are bundles of these."""

    PRINT = "print"
    HAND_OVER = "hand_over"
    INTAKE = "intake"
    TRASH_SCANS = "trash_scans"
    VERIFY = "verify"
    ADJUDICATE = "adjudicate"
    SEE_REVIEWERS = "see_reviewers"
    AUDIT = "audit"
    SELF_SCORE = "self_score"
    APPRAISE = "appraise"
    COMPUTE_INDEX = "compute_index"
    PUBLISH = "publish"
    PAY = "pay"
    VIEW_RESULTS = "view_results"
    TRACE_ANSWERS = "trace_answers"
    SEE_SMALL_CELLS = "see_small_cells"
    VIEW_PROGRESS = "view_progress"
    SEE_COMPLAINTS = "see_complaints"
    ANSWER_COMPLAINTS = "answer_complaints"
    MANAGE_USERS = "manage_users"
    MANAGE_CAMPAIGN = "manage_campaign"
    SEE_CATALOGUE = "see_catalogue"
    VIEW_LOG = "view_log"
    OWN_ACCOUNT = "own_account"


# Results are seen by all once they are published; before that the page holds one sentence.
_EVERYBODY = {Permission.OWN_ACCOUNT, Permission.VIEW_PROGRESS, Permission.VIEW_RESULTS}

# The administrator keeps the accounts and touches no score: who could do both could sign as anybody.
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.CLERK: frozenset(
        _EVERYBODY | {Permission.PRINT, Permission.HAND_OVER, Permission.INTAKE, Permission.TRASH_SCANS},
    ),
    Role.REVIEWER: frozenset(_EVERYBODY | {Permission.VERIFY, Permission.ADJUDICATE}),
    Role.UNIT: frozenset(_EVERYBODY | {Permission.SELF_SCORE, Permission.SEE_COMPLAINTS}),
    Role.APPRAISER: frozenset(
        _EVERYBODY | {Permission.APPRAISE, Permission.TRACE_ANSWERS, Permission.SEE_CATALOGUE}
    ),
    Role.HEAD: frozenset(
        _EVERYBODY
        | {
            Permission.ADJUDICATE,
            Permission.SEE_REVIEWERS,
            Permission.AUDIT,
            Permission.COMPUTE_INDEX,
            Permission.PUBLISH,
            Permission.PAY,
            Permission.TRACE_ANSWERS,
            Permission.SEE_SMALL_CELLS,
            Permission.SEE_COMPLAINTS,
            Permission.ANSWER_COMPLAINTS,
            Permission.SEE_CATALOGUE,
            Permission.VIEW_LOG,
        },
    ),
    Role.AUDITOR: frozenset(_EVERYBODY | {Permission.AUDIT, Permission.SEE_CATALOGUE, Permission.VIEW_LOG}),
    Role.TREASURER: frozenset(_EVERYBODY | {Permission.PAY}),
    Role.VIEWER: frozenset(_EVERYBODY),
    Role.ADMINISTRATOR: frozenset(
        _EVERYBODY
        | {
            Permission.MANAGE_USERS,
            Permission.MANAGE_CAMPAIGN,
            Permission.SEE_CATALOGUE,
            Permission.TRASH_SCANS,
            Permission.SEE_REVIEWERS,
            Permission.VIEW_LOG,
        },
    ),
}


def may(user: User | None, permission: Permission) -> bool:
    """Whether this person's role holds the permission; an unknown role holds none."""
    if user is None or user.role not in set(Role):
        return False
    return permission in PERMISSIONS[Role(user.role)]


def require(user: User | None, permission: Permission) -> None:
    """Refuse whoever does not hold it.

    Raises:
        Unauthorized: nobody is signed in.
        NotPermitted: the role lacks the permission.
    """
    if user is None:
        raise Unauthorized
    if not may(user, permission):
        raise NotPermitted("Tài khoản của bạn không được giao việc này.")


def asked_by(view: Callable[..., Answer]) -> Permission | None:
    """The permission that a view demands; None where anybody may call it."""
    mark = getattr(view, _MARK)
    return mark if isinstance(mark, Permission) else None


def public(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """Declare that anybody may call this view, signed in or not."""
    setattr(view, _MARK, _PUBLIC)
    return view


def policy(
    permission: Permission, *, scope: Scope[Any] | None = None
) -> Callable[[View[Answer]], View[Answer]]:
    """Declare what a view demands, and check it before the view runs.

    Raises (at the request):
        Unauthorized: nobody is signed in.
        PasswordDue: the first password was not changed yet; only one's own account is open.
        NotPermitted: the role lacks the permission.
        NotFound: the object does not exist, or not for this person.
    """

    def declare(view: View[Answer]) -> View[Answer]:
        @functools.wraps(view)
        def guarded(**url_args: Any) -> Answer:  # noqa: ANN401 - whatever the URL rule holds
            user = current_user()
            require(user, permission)
            if user.must_change_password and permission is not Permission.OWN_ACCOUNT:
                raise PasswordDue
            if scope is None:
                return view(**url_args)
            return view(_load_owned(scope, current_session(), user, url_args))

        setattr(guarded, _MARK, permission)
        return guarded

    return declare


def require_policies(app: Flask) -> None:
    """Refuse to start while an endpoint has not said who may use it.

    Raises:
        RuntimeError: names the endpoints.
    """
    silent = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if endpoint not in _FRAMEWORK_ENDPOINTS and not hasattr(view, _MARK)
    ]
    if silent:
        raise RuntimeError(f"endpoints without an access policy: {', '.join(sorted(silent))}")


def _load_owned(scope: Scope[Owned], session: Session, user: User, url_args: dict[str, Any]) -> Owned:
    """The object within its owner."""
    return scope(session, user, **url_args)
