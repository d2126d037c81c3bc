"""Workers among themselves: one asks another for what it holds, over HTTP, signed with the secret that they share.

Theory of operation. `POST /internal/v1/{items,alerts,item,stream}` with a question of `questions` as JSON. The header
`Portalwatch-Peer` has the time and an HMAC over time, path and body, with a key made of the tokens' file's `key`; it is
good for `GOOD_FOR`, and what it opens is reading alone. Who asks and what he may see is judged where he asked: the
question says which departments. Without a configured identity there is no secret and the server listens on loopback
only: then whoever is on this machine may read anyway, and the header is there so that no page of a browser can send it
along.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import ClientConnectionError, ClientError, ClientResponse, ClientSession, ClientTimeout
from aiohttp.web import Request

from streams.web.identity import Identity
from streams.web.problems import Refused

HEADER: Final = "Portalwatch-Peer"
PURPOSE: Final = b"portalwatch peer 1"
GOOD_FOR: Final = 60.0
PATIENCE: Final = ClientTimeout(total=3.0, sock_connect=1.0)
STREAMING: Final = ClientTimeout(total=None, sock_connect=1.0, sock_read=15.0)
HINT: Final = "; do all workers have the same `key` in their tokens' file?"
T = TypeVar("T")

log = logging.getLogger(__name__)


class NoAnswer(RuntimeError):
    """A worker did not answer; the message says why."""


class Peers:
    """Asks other workers. `wall`: UNIX seconds."""

    def __init__(self, identity: Identity, wall: Callable[[], float]) -> None:
        self._identity, self._wall = identity, wall
        self._session: ClientSession | None = None

    async def ask(self, url: str, path: str, question: Any, form: type[T]) -> T:
        """The answer of the worker at a URL.

        Raises:
            NoAnswer: there is none.
        """
        try:
            async with await self.open(url, path, question, PATIENCE) as answer:
                return msgspec.json.decode(await answer.read(), type=form)
        except (ClientError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            raise NoAnswer(f"{url}: {_why(error)}") from None

    async def open(self, url: str, path: str, question: Any, patience: ClientTimeout) -> ClientResponse:
        """An answer that is still to be read. NoAnswer if the worker refuses; else what aiohttp raises."""
        body = msgspec.json.encode(question)
        signed = signature(self._identity.secret, path, body, self._wall())
        if self._session is None:
            self._session = ClientSession()
        answer = await self._session.post(
            url + path, data=body, timeout=patience, allow_redirects=False,
            headers={HEADER: signed, "Content-Type": "application/json"},
        )  # fmt: skip
        if answer.status != HTTPStatus.OK:
            answer.release()
            hint = HINT if answer.status == HTTPStatus.FORBIDDEN else ""
            raise NoAnswer(f"{url}: answered {answer.status}{hint}")
        return answer

    async def close(self) -> None:
        """Let the connections go."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return "does not answer in time"
    return "cannot be reached" if isinstance(error, ClientConnectionError | OSError) else type(error).__name__


def signature(secret: bytes, path: str, body: bytes, at: float) -> str:
    """The header's value at these UNIX seconds; without a secret a word that says so."""
    if not secret:
        return "loopback"
    stamp = str(int(at))
    return f"t={stamp},v1={_mac(secret, stamp, path, body)}"


def check(identity: Identity, request: Request, body: bytes, at: float) -> None:
    """Whether a worker asks.

    Raises:
        Refused: it cannot be told that one does.
    """
    given = request.headers.get(HEADER, "")
    if not identity.configured:
        if given == "loopback" and _is_loopback(request.remote) and identity.host_is_ours(request.headers.get("Host")):
            return
        raise Refused(HTTPStatus.FORBIDDEN, "only workers ask here")
    parts: Mapping[str, str] = dict(part.split("=", 1) for part in given.split(",") if "=" in part)
    stamp, mac = parts.get("t", ""), parts.get("v1", "")
    secret = identity.secret
    if not secret or not (stamp.isascii() and stamp.isdigit() and len(stamp) < 13):
        raise Refused(HTTPStatus.FORBIDDEN, "only workers ask here, with the `key` of their tokens' file")
    right = hmac.compare_digest(mac.encode(), _mac(secret, stamp, request.path, body).encode())
    if not right or abs(at - int(stamp)) > GOOD_FOR:
        raise Refused(HTTPStatus.FORBIDDEN, "only workers ask here, with the `key` of their tokens' file")


def _mac(secret: bytes, stamp: str, path: str, body: bytes) -> str:
    key = hmac.digest(secret, PURPOSE, "sha256")
    return hmac.new(key, b"\n".join((stamp.encode(), path.encode(), body)), "sha256").hexdigest()


def _is_loopback(remote: str | None) -> bool:
    try:
        return ipaddress.ip_address(remote or "").is_loopback
    except ValueError:
        return False
