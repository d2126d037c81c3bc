"""One clinic for all tests of the board, and one browser for each module: its event loop must not meet other tests'."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import chromium
from tests.board.live import ACTOR, Clinic, clinic
from tests.brokers import Broker

SECONDS = 15_000
"""Milliseconds that a browser waits on a busy machine."""
expect.set_options(timeout=SECONDS)


@pytest.fixture(scope="package")
def ward(broker_of: Callable[[str], Broker], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """A clinic in its morning."""
    prefix = f"t{uuid.uuid4().hex[:12]}"
    with clinic(broker_of("embedded"), prefix, tmp_path_factory.mktemp("ward")) as made:
        made.morning()
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium.browser() as running:
        yield running


Enter = Callable[..., Page]


@pytest.fixture
def enter(browser: Browser, ward: Clinic) -> Iterator[Enter]:
    """Opens a page as somebody (the token; empty: as nobody); what its console says as an error fails the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def opened(
        path: str = "/", token: str = ACTOR, size: tuple[int, int] = chromium.DESKTOP, *, live: bool = True,
        dark: bool = False, scripts: bool = True,
    ) -> Page:  # fmt: skip
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light",
            java_script_enabled=scripts, locale="en-GB", reduced_motion="reduce",
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(SECONDS)
        if token:
            name, _, value = session(ward, token).partition("=")
            context.add_cookies([{"name": name, "value": value, "url": ward.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"raised: {error}"))
        page.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)
        page.goto(ward.url + path)
        if live and scripts and token:
            page.wait_for_selector("#s-live.live")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def session(ward: Clinic, token: str) -> str:
    """The cookie that a token is exchanged for, `name=value`."""
    request = urllib.request.Request(
        f"{ward.url}/api/session", json.dumps({"token": token}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=15) as answer:
        return str(answer.headers["Set-Cookie"]).partition(";")[0]
