"""What many people ask for at the same time is made once a moment, by each web process for itself."""

import datetime as dt
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

LASTS = dt.timedelta(seconds=2)  # less than the first page waits before it asks again
_MANY = 500

Made = TypeVar("Made")


class Moments:
    """Answers of the last two seconds, by what was asked; only what is the same for all who may ask it."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._kept: dict[Hashable, tuple[dt.datetime, Any]] = {}

    def share(self, question: Hashable, now: dt.datetime, make: Callable[[], Made]) -> Made:
        """The answer that somebody else got just now, or a new one."""
        kept = self._kept.get(question)
        if kept is not None and dt.timedelta(0) <= now - kept[0] < LASTS:
            answer: Made = kept[1]
            return answer
        made = make()
        if len(self._kept) >= _MANY:
            self._kept.clear()
        self._kept[question] = now, made
        return made
