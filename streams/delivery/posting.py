"""HTTP to a receiver that may be slow, busy, broken or gone.

Theory of operation. `post` tries once and says what came of it: an `Answer`, `Failed` (time-out, no connection, 5xx,
408, 425, 429: later it may be taken), `Refused` (other 4xx: it will not be taken before somebody mends something) or
`Gone` (410: the receiver asks us to stop). `until_taken` tries until it is taken, with exponential backoff and jitter
(stamina); one that was refused waits longest. Between them stands a `breaker` for each receiver: after `THRESHOLD`
failures in a row nobody asks it for `OPEN_SECONDS`, however many wait, and if it says `Retry-After`, for so long. At
most `in_flight` tries are under way at a time; who waits for another try is none of them. A body is made anew for each
try: what was true a minute ago need not be sent.

Messages of exceptions are made here. They name neither URL, nor header, nor what the receiver said.
"""

from __future__ import annotations

import asyncio
import email.utils
import random
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, Self

import stamina
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.payload import Payload
from stamina.instrumentation import set_on_retry_hooks

from streams.delivery.answers import FAILED, GONE, REFUSED, Answers
from streams.delivery.breaker import Breaker
from streams.settings import SettingsError

THRESHOLD: Final = 5
OPEN_SECONDS: Final = 15.0
FIRST_WAIT, LONGEST_WAIT, JITTER = 0.5, 60.0, 1.0
IN_FLIGHT: Final = 16
LONGEST_RETRY_AFTER: Final = 3_600.0
LATER: Final = frozenset({408, 425, 429})

set_on_retry_hooks([])  # stamina's own would log what a try was called with


class Failed(Exception):
    """A try that failed; another may not. `after`: seconds that the receiver asks us to wait at least."""

    result = FAILED

    def __init__(self, reason: str, status: int | None = None, after: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.status, self.after = reason, status, after


class Refused(Failed):
    """The receiver does not take what we send, as long as nothing is changed."""

    result = REFUSED


class Gone(Failed):
    """The receiver says that it will not be back (410)."""

    result = GONE


class NotOurs(Failed):
    """We wrote nothing: what was to be said is not ours to say any more. It says nothing of the receiver."""

    def __init__(self) -> None:
        super().__init__("not ours to say any more")


class Answer(NamedTuple):
    """What a receiver that took it said."""

    status: int


class Request(NamedTuple):
    """What is posted."""

    body: bytes | Payload
    headers: Mapping[str, str]


class Poster:
    """Posts for one sink. Use it within `async with`.

    Args:
        sink: its name, for the counters.
        timeout: seconds for one try.
        ca_file: certificates to trust instead of the system's.
        first, longest: seconds to wait after the first failure, and at most.
        in_flight: tries at a time, over all receivers of the sink.
        open_seconds: that a breaker stays open, at most `longest`.

    Raises:
        SettingsError: `ca_file` holds no certificates.
    """

    def __init__(
        self, sink: str, answers: Answers, *, timeout: float, ca_file: Path | None = None,
        headers: Mapping[str, str] | None = None, first: float = FIRST_WAIT, longest: float = LONGEST_WAIT,
        in_flight: int = IN_FLIGHT, open_seconds: float = OPEN_SECONDS,
    ) -> None:  # fmt: skip
        self._sink, self._answers = sink, answers
        self._timeout = ClientTimeout(total=timeout)
        self._tls = None if ca_file is None else _trusting(sink, ca_file)
        self._headers = dict(headers or {})
        self._first, self._longest = min(first, longest), longest
        self._jitter = min(JITTER, self._first)
        self._in_flight, self._slots, self._open_seconds = (
            in_flight,
            asyncio.Semaphore(in_flight),
            min(open_seconds, longest),
        )
        self._breakers: dict[str, Breaker] = {}
        self._under_way: set[asyncio.Task[object] | None] = set()
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = TCPConnector(ssl=True if self._tls is None else self._tls, limit=self._in_flight)
        self._session = ClientSession(
            connector=connector, timeout=self._timeout, headers=self._headers, cookie_jar=DummyCookieJar()
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def post(self, url: str, request: Request) -> Answer:
        """One try. Failed, Refused or Gone say why it was not taken; each is counted, but NotOurs was no try."""
        try:
            return await self._post(url, request)
        except NotOurs:
            raise
        except Failed as error:
            self._answers.count(self._sink, error.result)
            raise

    async def until_taken(
        self, url: str, make: Callable[[], Request], heard: Callable[[Failed], None] | None = None
    ) -> Answer:
        """Try until it is taken. Gone if it never will be. `heard`: called with what came of each try that failed."""
        breaker = self.breaker(url)
        async for attempt in stamina.retry_context(
            on=self._again, attempts=None, timeout=None, wait_initial=self._first, wait_max=self._longest,
            wait_jitter=self._jitter,
        ):  # fmt: skip
            with attempt:
                async with self._slots, breaker:
                    return await self._try(url, make, heard)
        raise AssertionError("it is tried for ever")

    async def _try(self, url: str, make: Callable[[], Request], heard: Callable[[Failed], None] | None) -> Answer:
        try:
            return await self.post(url, make())
        except Failed as error:
            if heard is not None and not isinstance(error, NotOurs):
                heard(error)
            raise

    def breaker(self, url: str) -> Breaker:
        """Of one receiver."""
        return self._breakers.setdefault(url, Breaker(THRESHOLD, self._open_seconds, _against))

    def is_asking(self, task: asyncio.Task[None]) -> bool:
        """Whether a try of this task is under way, so that its end tells whether it was taken."""
        return task in self._under_way

    def _again(self, error: Exception) -> bool | float:
        """For stamina: whether to try again, or after how many seconds."""
        if isinstance(error, Refused):
            return max(error.after, self._longest) + self._some()
        if isinstance(error, Failed) and not isinstance(error, Gone):
            return error.after + self._some() if error.after else True
        return False

    def _some(self) -> float:
        return random.uniform(0, self._jitter)  # noqa: S311 - so that not all come at once

    async def _post(self, url: str, request: Request) -> Answer:
        assert self._session is not None, "use it within `async with`"
        task = asyncio.current_task()
        self._under_way.add(task)
        try:
            async with self._session.post(
                url, data=request.body, headers=dict(request.headers), allow_redirects=False
            ) as response:
                status, after = response.status, _seconds(response.headers)
        except TimeoutError:
            raise Failed("no answer in time") from None
        except ClientError as error:
            if isinstance(error.__cause__, NotOurs):  # aiohttp wraps what a body raises
                raise NotOurs from None
            raise Failed(type(error).__name__) from None
        except ValueError:  # its message may hold a header, and that a secret
            raise Failed("the request cannot be written: a header is none") from None
        finally:
            self._under_way.discard(task)
        if 200 <= status < 300:
            return Answer(status)
        kind = Gone if status == 410 else Refused if 300 <= status < 500 and status not in LATER else Failed
        raise kind(f"HTTP {status}", status, after)


def _trusting(sink: str, ca_file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # which ssl.SSLError is, too
        raise SettingsError(f"sink {sink}: ca_file: {ca_file} holds no PEM certificate") from error


def _against(error: BaseException) -> float | None:
    """Seconds that a receiver asked for when it failed; None if the error says nothing against it."""
    failed = isinstance(error, Failed) and not isinstance(error, Refused | Gone | NotOurs)
    return error.after if failed and isinstance(error, Failed) else None


def _seconds(headers: Mapping[str, str]) -> float:
    """`Retry-After`: seconds, or a date by the receiver's own clock; 0.0 if it is neither.

    At most an hour: nobody is let go for a day.
    """
    text = headers.get("Retry-After", "").strip()
    try:
        wait = float(text) if text.isdigit() else _date(text) - _date(headers.get("Date", ""))
    except ValueError:
        return 0.0
    return min(max(0.0, wait), LONGEST_RETRY_AFTER)


def _date(text: str) -> float:
    """UNIX seconds of a date of HTTP. ValueError if it is none."""
    return email.utils.parsedate_to_datetime(text).timestamp()


__all__ = ["Answer", "Failed", "Gone", "NotOurs", "Poster", "Refused", "Request"]
