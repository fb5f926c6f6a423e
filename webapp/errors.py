"""Expected outcomes that end a request: each class has a stable `code` and an HTTP `status`.

The message id is looked up in the translations; `values` fill its placeholders.
"""


class AppError(Exception):
    """Base of every expected refusal. `message` is a gettext id (Vietnamese is the source language)."""

    code = "app_error"
    status = 400

    def __init__(self, message: str, **values: object) -> None:
        """Keep the message id and what fills its placeholders (`%(name)s`)."""
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values


class NotPermitted(AppError):
    """This person may not do this, or not to this unit."""

    code = "not_permitted"
    status = 403


class NotFound(AppError):
    """No such thing, or not within what this person may see."""

    code = "not_found"
    status = 404


class NoCampaign(NotFound):
    """No cycle was opened yet; there is nothing to work at."""

    code = "no_campaign"


class StaleVersion(AppError):
    """Somebody else changed it since the page was shown; both versions are kept and shown."""

    code = "stale_version"
    status = 409


class Locked(AppError):
    """It was sent, or its deadline is over: it can be read, not changed."""

    code = "locked"
    status = 409


class ClaimLost(AppError):
    """The lease ran out, and somebody else has the item now."""

    code = "claim_lost"
    status = 409


class LogBroken(AppError):
    """The log is not as it was written: nothing is published on it."""

    code = "log_broken"
    status = 409


class InvalidInput(AppError):
    """What was entered breaks a rule; nothing else of it is lost."""

    code = "invalid_input"
    status = 422


class UploadTooLarge(AppError):
    """A file over its limit."""

    code = "upload_too_large"
    status = 413


class DiskFull(AppError):
    """There is no room left for a file; nothing of it was kept, and nothing else was lost."""

    code = "disk_full"
    status = 507
