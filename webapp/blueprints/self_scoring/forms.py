"""What a unit's forms send. Nothing is validated away: a draft holds what was typed."""

import re
from collections.abc import Sequence

from werkzeug.datastructures import MultiDict

from webapp.errors import InvalidInput
from webapp.services.declarations import Draft
from webapp.services.evidence import Description
from webapp.services.unit_facts import FactForm

FACT = "fact-"
READING = "read-"  # a button with what an ambiguous number is to mean; it counts before the field beside it
_REVISION = re.compile(r"\d{1,6}", re.ASCII)


def read_draft(form: MultiDict[str, str]) -> Draft:
    """The component's form as it stands."""
    typed = {name.removeprefix(FACT): text for name, text in form.items() if name.startswith(FACT)}
    chosen = {name.removeprefix(READING): text for name, text in form.items() if name.startswith(READING)}
    typed |= {code: text for code, text in chosen.items() if code in typed}
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
    return _revision(form.get("over_revision") or form.get("seen_revision"))


def _revision(text: str | None) -> int | None:
    if text is None:
        return None
    return int(text) if _REVISION.fullmatch(text) else -1


def read_fact_forms(form: MultiDict[str, str], codes: Sequence[str]) -> dict[str, FactForm]:
    """The page of the unit's numbers, by fact code; a number that the page did not show is not in it."""
    forms: dict[str, FactForm] = {}
    for code in codes:
        typed = form.get(READING + code, form.get(f"typed-{code}"))
        if typed is not None:
            source, day = (form.get(f"{name}-{code}") for name in ("source", "date"))
            forms[code] = FactForm(
                typed.strip(),
                None if source is None else source.strip(),
                None if day is None else day.strip(),
                _revision(form.get(f"seen-{code}")),
            )
    return forms


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
