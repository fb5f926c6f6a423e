"""What many people ask for is made once while nobody writes anything, by each web process for itself."""

import datetime as dt
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from webapp.persistence.data_version import DataVersion

LOOK_EVERY = dt.timedelta(seconds=2)  # less than the first page waits before it asks again
_LASTS = dt.timedelta(minutes=1)  # time alone changes what is shown, too: a deadline passes
_MANY = 500
_NOW = dt.timedelta(0)

Made = TypeVar("Made")


class Moment:
    """One state of the data, and what was made of it, by what was asked."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._made: dict[Hashable, Any] = {}

    def share(self, question: Hashable, make: Callable[[], Made]) -> Made:
        """What somebody else got in this moment, or a new one; plain values, as sessions end."""
        if question in self._made:
            answer: Made = self._made[question]
            return answer
        made = make()
        if len(self._made) < _MANY:
            self._made[question] = made
        return made


class Moments:
    """The moment that it is now.

    Ask before the request reads its first row: else older rows could be kept under a newer state.
    """

    def __init__(self, data: DataVersion) -> None:
        """No moment has begun."""
        self._data = data
        self._lock = threading.Lock()
        self._version: str | None = None
        self._moment = Moment()
        self._began = self._looked = dt.datetime.min.replace(tzinfo=dt.UTC)

    def at(self, now: dt.datetime, *, looked_within: dt.timedelta = _NOW) -> Moment:
        """The moment of `now`; with `looked_within` it is enough if anybody looked so short a time ago."""
        with self._lock:
            if not _NOW <= now - self._looked < looked_within:
                self._look(now)
            return self._moment

    def _look(self, now: dt.datetime) -> None:
        version = self._data.read()
        if version != self._version or not _NOW <= now - self._began < _LASTS:
            self._version, self._moment, self._began = version, Moment(), now
        self._looked = now
