"""The handlers of the pages: the board, an item, a reference, the way in, and the files that they need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import aiohttp_jinja2
from aiohttp import web
from aiohttp.web import Request, Response, StreamResponse
from jinja2 import PackageLoader, StrictUndefined

from schemas.events import SUBJECT
from schemas.instants import parse
from schemas.policy import WORKFLOWS
from streams.board import view as views
from streams.board import words
from streams.board.asked import asked
from streams.board.assets import Assets
from streams.board.lines import line
from streams.board.timeline import told
from streams.watch import Watch
from streams.web.api import once
from streams.web.guard import PERSON, Guard
from streams.web.people import ACT, Person
from streams.web.problems import Refused
from streams.web.questions import One
from streams.web.refs import is_ref
from streams.web.server import Server

Handler = Callable[[Request], Awaitable[StreamResponse]]
THEME: Final = "portalwatch-theme"
THEMES: Final = ("dark", "light")


class Pages:
    """One method for each page."""

    def __init__(self, site: Server, watch: Watch) -> None:
        self._whole, self._guard, self._watch = site.whole, site.guard, watch
        self._assets = Assets()

    def attach(self, application: web.Application) -> None:
        """Add the pages to the application of Faust's web server."""
        aiohttp_jinja2.setup(
            application, loader=PackageLoader(__package__ or ""), undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        router = application.router
        router.add_get("/", self._page(self.board))
        router.add_get("/items/{workflow}/{item}", self._page(self.item))
        router.add_get("/refs/{ref}", self._page(self.ref))
        router.add_get("/static/{digest}/{name}", self._assets.serve)

    async def board(self, request: Request) -> StreamResponse:
        """The board."""
        person = request[PERSON]
        try:
            given = asked(once(request))
            found = await views.view(self._whole, self._watch.book, person, given)
        except ValueError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from None
        names = views.departments(self._watch.book, person, given.department)
        more = {"view": found, "asked": given, "departments": names, "workflows": words.WHAT}
        return self._render("board.html", request, more)

    async def item(self, request: Request) -> StreamResponse:
        """One item."""
        workflow, name = request.match_info["workflow"], request.match_info["item"]
        if workflow not in WORKFLOWS or not SUBJECT.fullmatch(name):
            raise Refused(HTTPStatus.NOT_FOUND, "there is no item of that name")
        one = One(workflow=workflow, item=name, departments=request[PERSON].departments)
        found = await self._whole.item(one)
        if found is None:
            raise Refused(HTTPStatus.NOT_FOUND, "No such item is kept, or it is not one that you may see.")
        now = parse(found.now)
        more = {"item": found, "line": line(found.row, now), "cycles": told(found, now), "now": now}
        return self._render("item.html", request, more)

    async def ref(self, request: Request) -> StreamResponse:
        """The item that a reference stands for."""
        ref = request.match_info["ref"]
        wanted = One(ref=ref, departments=request[PERSON].departments)
        found = await self._whole.item(wanted) if is_ref(ref) else None
        if found is None:
            raise Refused(HTTPStatus.NOT_FOUND, "No item that you may see has this reference, or it is no longer kept.")
        raise web.HTTPFound(f"/items/{found.row.workflow}/{found.row.item}")

    def _page(self, handler: Handler) -> Handler:
        """A page for those who are known; others get the way in, and what is refused is told as a page."""

        async def page(request: Request) -> StreamResponse:
            if request.get(PERSON) is None:
                contact = self._guard.identity.people.contact
                answer = self._render("sign_in.html", request, {"contact": contact})
                answer.set_status(HTTPStatus.UNAUTHORIZED)
                return answer
            try:
                return await handler(request)
            except Refused as refused:
                more = {"detail": refused.detail, "title": HTTPStatus(refused.status).phrase, "status": refused.status}
                answer = self._render("problem.html", request, more)
                answer.set_status(refused.status)
                answer.headers.update(refused.headers)
                if "Retry-After" in refused.headers:
                    answer.headers["Refresh"] = refused.headers["Retry-After"]
                return answer

        return page

    def _render(self, template: str, request: Request, more: dict[str, Any]) -> Response:
        person: Person | None = request.get(PERSON)
        theme = request.cookies.get(THEME, "")
        context = {
            "assets": self._assets.base, "theme": theme if theme in THEMES else "", "person": person,
            "acts": person is not None and ACT in person.scopes, "no_rights": no_rights(person, self._guard),
            "words": words, "ms": lambda micros: micros // 1000, **more,
        }  # fmt: skip
        answer = aiohttp_jinja2.render_template(template, request, context)
        answer.headers["Vary"] = "Accept-Encoding, Cookie"
        answer.enable_compression()
        return answer


def no_rights(person: Person | None, guard: Guard) -> str:
    """Why a person may not act, and whom to ask; empty if he may."""
    if person is None or ACT in person.scopes:
        return ""
    if person.how == "machine":
        return "You may read. Acting needs an identity: the settings TOKENS or PROXY_HEADER give one."
    contact = guard.identity.people.contact
    return f"{person.name} may read, not act." + ("" if contact is None else f" Ask {contact}.")
