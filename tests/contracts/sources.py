"""What the walking tests walk: templates, translatable texts, error classes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.extract import extract_from_file

from webapp.errors import AppError
from webapp.par_index.errors import AppraisalError

ROOT = Path(__file__).parents[2]
WEBAPP = ROOT / "webapp"
TEMPLATES = WEBAPP / "templates"
TRANSLATIONS = WEBAPP / "translations"


def with_subclasses(base: type[Exception]) -> Iterator[type[Exception]]:
    """A family of errors, the base first."""
    yield base
    for child in base.__subclasses__():
        yield from with_subclasses(child)


# Whatever is translated is the first argument of one of these; errors carry message ids.
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "lazy": None,
    "words": None,
    "Words": None,
    "ngettext": (1, 2),
    **{error.__name__: None for family in (AppError, AppraisalError) for error in with_subclasses(family)},
}


@dataclass(frozen=True)
class Text:
    """A text for people, and where it stands in the source."""

    path: str
    line: int
    message: str
    plural: str | None

    def __str__(self) -> str:
        """As a failing test names it."""
        return f"{self.path}:{self.line}: {self.message!r}"


def texts() -> Iterator[Text]:
    """Every text of the web app, from Python files and templates."""
    for path in sorted(WEBAPP.rglob("*.py")):
        yield from _extract(path, "python")
    for path in sorted(TEMPLATES.rglob("*.html")):
        yield from _extract(path, "jinja2.ext:babel_extract")


def _extract(path: Path, method: str) -> Iterator[Text]:
    options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
    for line, message, _comments, _context in extract_from_file(method, path, KEYWORDS, options=options):
        single, plural = (message, None) if isinstance(message, str) else (message[0], message[1])
        yield Text(str(path.relative_to(ROOT)), line, single, plural)


# Services serve features; what is not named here is common.
SERVED = {
    "accounts": "users",
    "progress": "home",
    "campaigns": "campaigns",
    "campaign_changes": "campaigns",
    "people": "payments",
    "people_files": "payments",
    "payments": "payments",
    "payment_rates": "payments",
    "batches": "intake",
    "intake": "intake",
    "recognition": "intake",
    "verification": "verification",
    "group_grid": "verification",
    "decoys": "verification",
    "appraisal": "appraisal",
    "publication": "results",
    "preflight": "results",
    "editions": "results",
    "documents": "documents",
    "complaints": "complaints",
    "printing": "printing",
    "print_files": "printing",
    "packs": "printing",
    "hand_over": "hand_over",
    "hand_over_lists": "hand_over",
}
SCORING = (
    "evidence",
    "evidence_kinds",
    "page_images",
    "reopening",
    "self_scores",
    "submissions",
    "unit_scores",
    "schemes",
)


def feature_of(path: str) -> str:
    """Whose catalogue the text belongs to; `common` for what all features share."""
    parts = Path(path).parts
    shared = {"http", "base.html", "_macros.html", "errors", "app.py", "errors.py", "storage.py"}
    if parts[1] == "templates":
        return "common" if parts[2] in shared else parts[2]
    if parts[1] == "blueprints":
        return parts[2]
    if parts[1] == "services":
        stem = Path(path).stem
        return "self_scoring" if stem in SCORING else SERVED.get(stem, "common")
    return {"par_index": "par_index", "papers": "payments", "campaign_plan": "campaigns"}.get(
        parts[1], "common"
    )
