"""The errors of the paper room: each class has a stable `code` and an `exit_code` for the command."""


class OcrError(Exception):
    """Base of every expected failure; the message is written for a clerk."""

    code = "ocr_error"
    exit_code = 2


class ScanUnreadable(OcrError):
    """The file is empty, encrypted, damaged, or no scan at all; `reason` is a stable slug."""

    code = "scan_unreadable"
    exit_code = 3

    def __init__(self, message: str, reason: str = "damaged") -> None:
        """Keep the sentence and the slug: empty, encrypted, damaged, not_a_scan, no_pages."""
        super().__init__(message)
        self.reason = reason


class ScanTooLarge(OcrError):
    """The file, or one picture in it, is over the limits on bytes, pages or pixels."""

    code = "scan_too_large"
    exit_code = 3


class TemplateInvalid(OcrError):
    """A form template or layout breaks a rule (bubbles overlap, unknown scale, missing text)."""

    code = "template_invalid"
    exit_code = 4


class EngineMissing(OcrError):
    """A program or a language file that reading needs is not installed."""

    code = "engine_missing"
    exit_code = 5


class EngineFailed(OcrError):
    """A program that reading needs was there, and failed."""

    code = "engine_failed"
    exit_code = 6


class RegistrationFailed(OcrError):
    """The page's fiducials do not fit its layout; never leaves `read_page`, where it becomes a flag."""

    code = "registration_failed"
    exit_code = 2


class CodeRefused(OcrError):
    """A code or serial is damaged, foreign or mistyped; never guessed."""

    code = "code_refused"
    exit_code = 2
