"""A person at a browser, over the network, who takes only for done what was answered."""

import http.client
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_TIMEOUT_S = 60
_AGAIN_AFTER_S = 0.1
_FAULT = 500
_KEPT_OPEN_S = 1.5  # the server closes what was idle for two seconds

File = tuple[str, str, bytes]  # the form's field, the file's name, its bytes


class NoAnswer(Exception):
    """Nothing was acknowledged: the connection broke, or the program said that it failed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    text: str
    location: str


@dataclass
class Weather:
    """What people met on the way: requests that broke off, answers by status, all threads together."""

    broken: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)


class Person:
    """One signed-in person with one connection."""

    def __init__(self, port: int, username: str, password: str, host: str = "127.0.0.1") -> None:
        """Nothing is sent yet."""
        self.username = username
        self.weather = Weather()
        self._password = password
        self._host, self._port = host, port
        self._connection: http.client.HTTPConnection | None = None
        self._used_at = 0.0
        self._cookie = ""
        self._token = ""

    def come_in(self) -> Answer:
        """Sign in as everybody does, the page and then name and password; nothing where that was done.

        Raises:
            NoAnswer: the program is down.
        """
        page = self.get("/dang-nhap")
        if page.status == http.client.OK:
            self._learn_token(page)
            fields = {"username": self.username, "password": self._password}
            answer = self.post("/dang-nhap", fields)
            if answer.status != http.client.SEE_OTHER:
                raise AssertionError(f"{self.username} could not sign in: {answer.status} {answer.text}")
            page = self.get("/ca-nhan")
            self._learn_token(page)
        return page

    def get(self, path: str, *, htmx: bool = False) -> Answer:
        """Open a page, or fetch a fragment."""
        return self._ask("GET", path, b"", {}, htmx=htmx)

    def post(
        self, path: str, fields: Mapping[str, str], files: Sequence[File] = (), *, htmx: bool = False
    ) -> Answer:
        """Send a form."""
        told = {**fields, "csrf_token": self._token}
        body, kind = _multipart(told, files) if files else (urlencode(told).encode(), _PLAIN)
        return self._ask("POST", path, body, {"Content-Type": kind}, htmx=htmx)

    def insist(self, ask: Callable[[], Answer], is_over: Callable[[], bool]) -> Answer:
        """Do it again and again, as a person presses again, until an answer comes.

        Raises:
            NoAnswer: it is over before that.
        """
        while True:
            try:
                return ask()
            except NoAnswer:
                if is_over():
                    raise
                time.sleep(_AGAIN_AFTER_S)

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str], *, htmx: bool) -> Answer:
        if self._cookie:
            headers = {**headers, "Cookie": self._cookie}
        if htmx:
            headers = {**headers, "HX-Request": "true"}
        try:
            answer = self._exchange(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.hang_up()
            self.weather.broken[type(error).__name__] += 1
            raise NoAnswer(f"{method} {path}: {error!r}") from error
        self.weather.statuses[answer.status] += 1
        if answer.status >= _FAULT:
            raise NoAnswer(f"{method} {path}: {answer.status}")
        return answer

    def _exchange(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """One request on the standing connection, unless the server is about to close it for its idleness."""
        if time.monotonic() - self._used_at > _KEPT_OPEN_S:
            self.hang_up()
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
        self._connection.request(method, path, body or None, headers)
        came = self._connection.getresponse()
        content = came.read()
        for cookie in came.headers.get_all("Set-Cookie") or ():
            self._cookie = cookie.partition(";")[0]
        self._used_at = time.monotonic()
        text = content.decode() if came.headers.get_content_maintype() == "text" else ""
        return Answer(came.status, text, came.headers.get("Location", ""))

    def hang_up(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _learn_token(self, page: Answer) -> None:
        found = _TOKEN.search(page.text)
        if found is None:
            raise AssertionError(f"no token on the page of {self.username}: {page.status}")
        self._token = found[1]


_PLAIN = "application/x-www-form-urlencoded"


def _multipart(fields: Mapping[str, str], files: Sequence[File]) -> tuple[bytes, str]:
    border = secrets.token_hex(16)
    parts = [
        f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in fields.items()
    ]
    for name, file_name, content in files:
        head = f'--{border}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    parts.append(f"--{border}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={border}"
