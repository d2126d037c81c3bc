"""The gate of every request: whose server, who asks, how often, from which page; and the headers of every answer.

Theory of operation. One middleware. A handler finds who asks in `request[PERSON]`; for a path that is open (health, the
session, pages) it may be None. What a handler raises as `Refused`, and what aiohttp itself refuses, is told as a
problem; what nobody foresaw is told as 500 without a word of what it was about, and logged by its kind alone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from aiohttp.web import Request, StreamResponse

from streams.web.identity import SAFE_METHODS, Identity, Unknown
from streams.web.people import ACT, Person
from streams.web.problems import Refused, response
from streams.web.rates import ACTING, GUESSING, READING, Buckets
from streams.web.turns import turn

Handler = Callable[[Request], Awaitable[StreamResponse]]
PERSON: Final = web.RequestKey("person", Person)
HEALTH: Final = frozenset({"/healthz", "/readyz"})
"""For probes, which know no name."""
OPEN: Final = frozenset({"/", "/api/session", "/api/openapi.json"})
"""Answered to whoever asks; pages say themselves what they need."""
PAGES: Final = ("/items/", "/refs/", "/static/")
"""Before the paths of pages and of what they need; a page says itself what it needs."""
INTERNAL: Final = "/internal/"
"""Workers among themselves: the handler asks for their signature."""
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS: Final = {
    "Server": "portalwatch",
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
NO_STORE: Final = "no-store"
SCANNED: Final = ("/api/refs/", "/refs/")
"""All items are looked through for it."""
SCAN: Final = 10.0
SCAN_ALL: Final = 25.0
ROWS_OF_ONE: Final = 50

log = logging.getLogger(__name__)


class Guard:
    """`now`: microseconds of the wall; `tick`: seconds of a monotonic clock."""

    def __init__(self, identity: Identity, now: Callable[[], int], tick: Callable[[], float] = time.monotonic) -> None:
        self.identity, self._now, self._tick = identity, now, tick
        self._reading, self._acting, self._guessing = Buckets(READING), Buckets(ACTING), Buckets(GUESSING)

    def middleware(self) -> Any:
        """For `aiohttp.web.Application.middlewares`."""

        @web.middleware
        async def guarded(request: Request, handler: Handler) -> StreamResponse:
            try:
                answer = await self._answer(request, handler)
            except Refused as refused:
                answer = response(refused)
            except web.HTTPException as error:
                answer = _told(request, error)
            except Exception as error:
                log.exception("%s %s: %s", request.method, _route(request), type(error).__name__)
                answer = response(Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "the worker's log says what went wrong"))
            if not answer.prepared:
                for name, value in HEADERS.items():
                    answer.headers.setdefault(name, value)
                answer.headers.setdefault("Cache-Control", NO_STORE)
            return answer

        return guarded

    async def _answer(self, request: Request, handler: Handler) -> StreamResponse:
        if request.path in HEALTH:
            return await handler(request)
        await turn()
        if request.path.startswith(INTERNAL):
            return await handler(request)
        if not self.identity.host_is_ours(request.headers.get("Host")):
            raise Refused(
                HTTPStatus.MISDIRECTED_REQUEST,
                "Host: is not a name of this machine; configure an identity (TOKENS, or PROXY_HEADER) to serve others",
            )
        person = self._who(request)
        if person is not None:
            request[PERSON] = person
            self._paced(request, person)
        if request.method not in SAFE_METHODS:
            self._writing(request, person)
        return await handler(request)

    def _who(self, request: Request) -> Person | None:
        """Who asks; None if that is not known and need not be."""
        address, now = request.remote or "", self._tick()
        is_open = request.path in OPEN or request.path.startswith(PAGES)
        try:
            return self.identity.who(request.headers, request.cookies, request.remote, self._now())
        except Unknown as unknown:
            if is_open and "Authorization" not in request.headers:
                return None
            if wait := self._guessing.wait(address, now):
                raise Refused(
                    HTTPStatus.TOO_MANY_REQUESTS, "too many requests that do not say who asks", retry=wait
                ) from None
            raise unauthorized(str(unknown), self.identity.people.contact) from None

    def guessed(self, request: Request) -> None:
        """A token was given that is not known. Refused: there were too many from that address."""
        if wait := self._guessing.wait(request.remote or "", self._tick()):
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "too many tokens that are not known", retry=wait)

    def _paced(self, request: Request, person: Person) -> None:
        name = f"{person.how}:{person.name}" if person.how != "machine" else request.remote or ""
        buckets = self._reading if request.method in SAFE_METHODS else self._acting
        if wait := buckets.wait(name, self._tick(), cost(request)):
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "more slowly, please", retry=wait)

    def _writing(self, request: Request, person: Person | None) -> None:
        cookie = self.identity.cookie in request.cookies
        why = self.identity.why_not_ours(request.headers, request.remote, cookie=cookie)
        if why is not None:
            raise Refused(HTTPStatus.FORBIDDEN, why)
        if request.path not in OPEN and (person is None or ACT not in person.scopes):
            raise self.may_not_act(person)

    def may_not_act(self, person: Person | None) -> Refused:
        """403, and whom to ask."""
        if person is None or person.how == "machine":
            detail = "acting needs an identity: configure bearer tokens (TOKENS) or a trusted proxy (PROXY_HEADER)"
        else:
            detail = f"{person.name} may read, not act" + whom(self.identity.people.contact)
        return Refused(HTTPStatus.FORBIDDEN, detail)


def cost(request: Request) -> float:
    """What a request costs of its asker's rate: about a millisecond or two of the loop for each 1."""
    if request.path.startswith(SCANNED):
        return SCAN_ALL
    limit = request.query.get("limit", "") or request.query.get("show", "")
    rows = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 4 else 0
    return 1 + rows / ROWS_OF_ONE + (SCAN if request.query.get("q") else 0)


def unauthorized(detail: str, contact: str | None) -> Refused:
    """401, and whom to ask."""
    return Refused(HTTPStatus.UNAUTHORIZED, detail + whom(contact), WWW_Authenticate='Bearer realm="portalwatch"')


def whom(contact: str | None) -> str:
    """`; ask the portal office`, where the tokens' file says whom."""
    return "" if contact is None else f"; ask {contact}"


def _route(request: Request) -> str:
    """The pattern of a path: what stands in its place may name an item."""
    resource = request.match_info.route.resource
    return "?" if resource is None else resource.canonical


def _told(request: Request, error: web.HTTPException) -> StreamResponse:
    """What aiohttp refuses by itself."""
    if error.status < HTTPStatus.BAD_REQUEST:
        return error
    details = {
        HTTPStatus.NOT_FOUND: "there is no such path; /api/openapi.json has all of them",
        HTTPStatus.METHOD_NOT_ALLOWED: f"this path does not take {request.method}; see /api/openapi.json",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the body is too large",
    }
    refused = Refused(error.status, details.get(HTTPStatus(error.status), error.reason))
    if "Allow" in error.headers:
        refused.headers["Allow"] = error.headers["Allow"]
    return response(refused)
