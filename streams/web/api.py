"""The handlers of the API's paths (`routes`): read what was asked, have it answered, write the answer."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, TypeVar

import msgspec
from aiohttp.web import Request, Response, StreamResponse

from schemas import instants
from schemas.events import SUBJECT
from schemas.policy import WORKFLOWS
from streams.watch import Watch
from streams.web import questions
from streams.web.acting import ACT_ID
from streams.web.acts import Acts
from streams.web.forms import Item, Resolved, Seen
from streams.web.forms_acts import Acknowledge, Assign, Login, Me, Snooze
from streams.web.guard import PERSON, Guard, unauthorized
from streams.web.identity import SESSION_SECONDS, Unknown
from streams.web.openapi import document
from streams.web.people import Person
from streams.web.problems import Refused
from streams.web.questions import One, Question
from streams.web.refs import is_ref
from streams.web.sse import Streams
from streams.web.whole import Whole

LARGEST: Final = 64 << 10
"""Bytes of a body."""
FEED: Final = "feed:"
T = TypeVar("T")


class Api:
    """One method for each route, by its name. `now`: microseconds of the wall."""

    def __init__(
        self, whole: Whole, acts: Acts, streams: Streams, watch: Watch, guard: Guard, now: Callable[[], int], url: str
    ) -> None:
        self._whole, self._acts, self._streams, self._watch = whole, acts, streams, watch
        self._guard, self._identity, self._now = guard, guard.identity, now
        self._document = msgspec.json.encode(document(url))

    # -- reading --------------------------------------------------------------------------------

    async def items(self, request: Request) -> Response:
        """A page of items."""
        asked, partial = self._question(request, ())
        found = await self._whole.items(asked)
        await self._complete(found.seen, partial=partial)
        return answer(found)

    async def alerts(self, request: Request) -> Response:
        """A page of alerts."""
        asked, partial = self._question(request, ("state", "held"))
        found = await self._whole.alerts(asked)
        await self._complete(found.seen, partial=partial)
        return answer(found)

    async def item(self, request: Request) -> Response:
        """One item in full."""
        return answer(await self._named(request))

    async def ref(self, request: Request) -> Response:
        """Which item a reference stands for."""
        ref = request.match_info["ref"]
        if not is_ref(ref):
            raise Refused(HTTPStatus.BAD_REQUEST, "ref: give 12 characters of 0-9 and a-z without i, l, o, u")
        found = await self._whole.item(One(ref=ref, departments=person(request).departments))
        if found is None:
            raise Refused(HTTPStatus.NOT_FOUND, "no item that you may see has this reference")
        return answer(Resolved(workflow=found.row.workflow, item=found.row.item))

    async def stream(self, request: Request) -> StreamResponse:
        """What changes."""

        def again() -> Person:
            try:
                return self._identity.who(request.headers, request.cookies, request.remote, self._now())
            except Unknown as unknown:
                raise unauthorized(str(unknown), self._identity.people.contact) from None

        return await self._streams.serve(request, person(request), again)

    async def me(self, request: Request) -> Response:
        """Who asks."""
        return answer(self._me(person(request)))

    async def openapi(self, _request: Request) -> Response:
        """The document."""
        return Response(body=self._document, content_type="application/json")

    # -- acting ---------------------------------------------------------------------------------

    async def acknowledge(self, request: Request) -> Response:
        """Acknowledge an alert."""
        await body(request, Acknowledge)
        item = await self._of_alert(request)
        return answer(await self._acts.acknowledge(item, person(request), act_id(request)), HTTPStatus.ACCEPTED)

    async def snooze(self, request: Request) -> Response:
        """Snooze an alert."""
        given = await body(request, Snooze)
        item = await self._of_alert(request)
        alert = request.match_info["id"]
        done = await self._acts.snooze(alert, item, person(request), act_id(request), given)
        return answer(done, HTTPStatus.ACCEPTED)

    async def assign(self, request: Request) -> Response:
        """Say who has an item."""
        given = await body(request, Assign)
        item = await self._named(request)
        if item.cycles[-1].end is not None:
            raise Refused(HTTPStatus.CONFLICT, "the item is not pending any more")
        done = await self._acts.assign(item, person(request), act_id(request), given, self._watch.book)
        return answer(done, HTTPStatus.ACCEPTED)

    # -- sessions -------------------------------------------------------------------------------

    async def sign_in(self, request: Request) -> Response:
        """A token for a cookie."""
        given, now = await body(request, Login), self._now()
        try:
            cookie = self._identity.session(given.token, now)
        except Unknown as unknown:
            self._guard.guessed(request)
            raise unauthorized(str(unknown), self._identity.people.contact) from None
        found = self._identity.people.by_token(given.token.strip(), now)
        assert found is not None, "a session was had for it"
        made = answer(self._me(found.person))
        https = self._identity.secure or request.headers.get("Origin", "").startswith("https://")
        made.set_cookie(
            self._identity.cookie, cookie, max_age=SESSION_SECONDS, path="/", httponly=True, samesite="Strict",
            secure=https,
        )  # fmt: skip
        return made

    async def sign_out(self, _request: Request) -> Response:
        """The cookie goes."""
        made = Response(status=HTTPStatus.NO_CONTENT)
        made.del_cookie(self._identity.cookie, path="/", httponly=True, samesite="Strict", secure=self._identity.secure)
        return made

    # -- what they share ------------------------------------------------------------------------

    def _question(self, request: Request, without: tuple[str, ...]) -> tuple[Question, bool]:
        given = once(request)
        partial = given.pop("partial", "no")
        try:
            if partial not in ("yes", "no"):
                raise ValueError("partial: give yes or no")
            for name in without:
                if name in given:
                    raise ValueError(f"{name}: is not known here")
            return questions.question(given, person(request).departments), partial == "yes"
        except questions.Unfit as error:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
        except ValueError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from None

    async def _complete(self, seen: Seen, *, partial: bool) -> None:
        if seen.missing and not partial:
            raise await self._whole.unseen(seen.missing)

    async def _named(self, request: Request) -> Item:
        """The item that the path names."""
        workflow, name = request.match_info["workflow"], request.match_info["item"]
        if workflow not in WORKFLOWS:
            raise Refused(HTTPStatus.BAD_REQUEST, f"workflow: give one of {', '.join(WORKFLOWS)}")
        if not SUBJECT.fullmatch(name):
            raise Refused(HTTPStatus.BAD_REQUEST, "item: give 1 to 128 of A-Z a-z 0-9 . _ ~ -")
        found = await self._whole.item(One(workflow=workflow, item=name, departments=person(request).departments))
        if found is None:
            raise Refused(HTTPStatus.NOT_FOUND, "no such item is kept, or it is not one that you may see")
        return found

    async def _of_alert(self, request: Request) -> Item:
        """The item whose cycle an alert is of; the cycle has to run, the alert may have been followed by another."""
        given = request.match_info["id"]
        if given.startswith(FEED):
            raise Refused(HTTPStatus.CONFLICT, "a silent feed cannot be acknowledged; it ends when the feed is back")
        workflow, item, start = _parts(given)
        found = await self._whole.item(One(workflow=workflow, item=item, departments=person(request).departments))
        if found is None:
            raise Refused(HTTPStatus.NOT_FOUND, "no such alert, or it is not one that you may see")
        if any(alert.id == given for alert in found.row.alerts):
            return found
        cycle = found.cycles[-1]
        if cycle.end is None and instants.parse(cycle.start) == start:
            return found
        raise Refused(HTTPStatus.CONFLICT, "the alert is over: its cycle has ended")

    def _me(self, who: Person) -> Me:
        departments = None if who.departments is None else sorted(who.departments)
        return Me(
            name=who.name, scopes=sorted(who.scopes), departments=departments, contact=self._identity.people.contact
        )


def answer(found: Any, status: int = HTTPStatus.OK) -> Response:
    """An answer in JSON."""
    return Response(status=status, body=msgspec.json.encode(found), content_type="application/json")


def person(request: Request) -> Person:
    """Who asks; the guard lets nobody through of whom that is not known."""
    found: Person = request[PERSON]
    return found


def once(request: Request) -> dict[str, str]:
    """The query's parameters. Refused: one is given twice."""
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given:
            raise Refused(HTTPStatus.BAD_REQUEST, f"{name}: is given twice; several values go by comma")
        given[name] = value
    return given


async def body(request: Request, form: type[T]) -> T:
    """The body. Refused: 415, it is not said to be JSON; 400, it is not of the form."""
    given = await request.read()
    if given and request.content_type != "application/json":
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "give the header Content-Type: application/json")
    try:
        return msgspec.json.decode(given or b"{}", type=form)
    except msgspec.ValidationError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"the body: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(HTTPStatus.BAD_REQUEST, "the body: is not JSON in UTF-8") from None


def act_id(request: Request) -> str | None:
    """The id that was given for an act."""
    given = request.headers.get("Idempotency-Key")
    if given is not None and not ACT_ID.fullmatch(given):
        raise Refused(HTTPStatus.BAD_REQUEST, "Idempotency-Key: give 8 to 64 of A-Z a-z 0-9 . _ ~ -")
    return given


def _parts(alert: str) -> tuple[str, str, int]:
    """Workflow, item and the cycle's start, of an alert's id. Refused: 404, it is none."""
    workflow, _, rest = alert.partition(":")
    item, _, rest = rest.partition(":")
    if workflow in WORKFLOWS and SUBJECT.fullmatch(item):
        for part in rest.split(":"):
            try:
                return workflow, item, instants.parse_compact(part)
            except ValueError:
                continue
    raise Refused(HTTPStatus.NOT_FOUND, "no such alert; an id is workflow:item:clock:start:stage")
