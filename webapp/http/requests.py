"""Requests whose text is in one form: Vietnamese may be typed composed or not, and is stored composed."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property

from flask import Request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

# What XML cannot hold: a sign of it, copied out of a PDF, would keep Word and Excel files from being made.
_NO_TEXT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def composed(text: str) -> str:
    """The NFC form: “ế” as one character, whatever the keyboard sent; without what no paper can hold."""
    return _NO_TEXT.sub("", unicodedata.normalize("NFC", text))


def _composed_pairs(values: MultiDict[str, str]) -> Iterable[tuple[str, str]]:
    """All pairs, in order, names and values composed."""
    return [(composed(name), composed(value)) for name, value in values.items(multi=True)]


class ComposedRequest(Request):
    """Form fields, query parameters and file names arrive composed."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """Query parameters, composed."""
        return ImmutableMultiDict(_composed_pairs(super().args))

    def _load_form_data(self) -> None:
        """Compose what werkzeug has just parsed."""
        if "form" in self.__dict__:
            return
        super()._load_form_data()
        self.__dict__["form"] = ImmutableMultiDict(_composed_pairs(self.__dict__["form"]))
        for upload in self.__dict__["files"].values():
            if upload.filename:
                upload.filename = composed(upload.filename)
