"""Services behind URLs of Apprise: what they take, what they do not, and what is never said of them."""

from __future__ import annotations

import asyncio
import logging
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.delivery.posting import Failed
from streams.delivery.rendering import Message
from streams.delivery.services import NotAUrl, Service
from tests.receiving import Receiver, receiver

MESSAGE = Message("title-marker", "body-marker")


@pytest.fixture
def under_test() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


async def test_it_takes_a_message_or_not(under_test: Receiver) -> None:
    service = Service(under_test.url("a"), timeout=5)
    assert await service.begin(MESSAGE, kind="warning")
    assert [(each.title, each.body) for each in under_test.told] == [MESSAGE]
    under_test.statuses["a"] = 500
    assert not await service.begin(MESSAGE, kind="failure")
    assert len(under_test.tries) == 2, "Apprise tried again by itself"
    under_test.stop()
    assert not await service.begin(MESSAGE, kind="success")


async def test_a_call_that_takes_too_long_may_still_arrive(under_test: Receiver) -> None:
    under_test.hang["a"] = threading.Event()
    service = Service(under_test.url("a", "?rto=20"), timeout=0.2)
    answer = service.begin(MESSAGE, kind="warning")
    with pytest.raises(Failed, match=r"^no answer in time$"):
        await service.patience(answer)
    under_test.hang["a"].set()
    assert await answer


async def test_waiting_for_an_answer_is_bounded(under_test: Receiver) -> None:
    under_test.hang["a"] = threading.Event()
    service = Service(under_test.url("a"), timeout=0.3)
    assert not await asyncio.wait_for(service.begin(MESSAGE, kind="warning"), 5)
    under_test.hang["a"].set()


@pytest.mark.parametrize("url", ["", "secret-marker", "nothing://secret-marker", "json://", "mailto://x y"])
def test_what_is_no_url_is_refused_without_being_said(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(NotAUrl) as refused:
        Service(url, timeout=1)
    assert str(refused.value) == "is no URL of Apprise"
    assert not caplog.records


async def test_nothing_is_logged_of_url_title_body_and_answer(
    under_test: Receiver, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Whatever the level, whoever configures logging afterwards: what Apprise and requests say stays inside."""
    log = tmp_path / "log"
    handler = logging.FileHandler(log)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            for status in (200, 500, 401):
                under_test.statuses["secret-marker"] = status
                url = under_test.url("secret-marker", "?+X-Token=token-marker")
                await Service(url, timeout=5).begin(MESSAGE, kind="warning")
            under_test.stop()
            await Service(url.replace("json:", "jsons:") + "&verify=no", timeout=1).begin(MESSAGE, kind="warning")
        logging.getLogger("streams.delivery").warning("a line of ours")
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
    out = capfd.readouterr()
    shown = log.read_text() + out.out + out.err
    assert "a line of ours" in shown
    for secret in ("marker", "apprise", "json", str(under_test.port)):
        assert secret not in shown.lower(), shown
