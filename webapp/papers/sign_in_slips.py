"""Slips of paper with first passwords, several to a page, to be cut apart and handed over."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from webapp.papers.as_pdf import compile_paper

_SOURCE = Path(__file__).parent / "sign_in_slips.typ"


@dataclass(frozen=True, slots=True)
class SignInSlip:
    """What one person gets: `lines` are (label, text); `password_line` is the place of the password."""

    lines: Sequence[tuple[str, str]]
    password_line: int


def write(title: str, hint: str, slips: Sequence[SignInSlip], fonts_dir: Path, language: str = "vi") -> bytes:
    """The PDF; `hint` stands at the foot of each slip.

    Raises:
        EngineFailed: Typst refused it.
    """
    words = {
        "title": title,
        "hint": hint,
        "language": language,
        "slips": [
            [
                {"label": label, "text": text, "is_password": place == slip.password_line}
                for place, (label, text) in enumerate(slip.lines)
            ]
            for slip in slips
        ],
    }
    return compile_paper(_SOURCE, words, fonts_dir)
