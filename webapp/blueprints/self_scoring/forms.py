"""What a unit's forms send. Nothing is validated away: a draft holds what was typed."""

import re

from werkzeug.datastructures import MultiDict

from webapp.errors import InvalidInput
from webapp.services.evidence import Description
from webapp.services.self_scores import Draft

FACT = "fact-"
_REVISION = re.compile(r"\d{1,6}", re.ASCII)


def read_draft(form: MultiDict[str, str]) -> Draft:
    """The component's form as it stands."""
    typed = {name.removeprefix(FACT): text for name, text in form.items() if name.startswith(FACT)}
    return Draft(
        typed=typed,
        not_applicable=form.get("not_applicable") == "yes",
        not_applicable_reason=form.get("not_applicable_reason", ""),
        explanation=form.get("explanation", ""),
    )


def read_seen_revision(form: MultiDict[str, str]) -> int | None:
    """The revision under the form, or the newer one that its sender saw and chose to go over.

    Forms without the field (no page of ours) are not asked; anything odd in it is a revision nobody saw.
    """
    text = form.get("over_revision") or form.get("seen_revision")
    if text is None:
        return None
    return int(text) if _REVISION.fullmatch(text) else -1


def read_description(form: MultiDict[str, str]) -> Description:
    """What the unit says of the documents it uploads; all of it optional."""
    names = ("number", "date", "issuer", "abstract")
    number, date, issuer, abstract = (form.get(f"document_{name}", "").strip() for name in names)
    return Description(number, date, issuer, abstract)


def read_page_number(form: MultiDict[str, str]) -> int | None:
    """The cited page; empty means the document as a whole.

    Raises:
        InvalidInput: not a whole number.
    """
    text = form.get("page_number", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 6):  # noqa: PLR2004 - more pages than any document
        raise InvalidInput("Số trang “%(typed)s” phải là số nguyên, ví dụ 3.", typed=text)
    return int(text)
