"""The services that Apprise knows, each behind one URL: made at the start, and called so that none can do harm.

Theory of operation. A URL is a secret, and so is what is sent: Apprise and the libraries under it log both, so their
loggers are shut. What a service says of a failure stays inside too; `Failed` has our words alone.

A call is made on a thread of its own, for it may block as long as it likes. `timeout` bounds each wait of it that
Apprise bounds (to connect, to read). A call that takes longer all the same is counted as one that failed, and then
waited for: it may still arrive, and a second one beside it would tell people twice. The threads are daemons, so a
service that hangs for ever does not keep the worker from ending.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path
from typing import Final

import urllib3
from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType
from apprise.url import URLBase

from streams.delivery.posting import Failed
from streams.delivery.rendering import Message

TALKING: Final = (
    "apprise",
    "urllib3",
    "requests",
    "requests_oauthlib",
    "oauthlib",
    "httpx",
    "httpcore",
    "paho",
    "slixmpp",
)
"""What logs URLs, headers or bodies."""
NEVER: Final = logging.CRITICAL + 50


class NotAUrl(ValueError):
    """Apprise does not know the URL. It says no more: a URL is a secret."""


class Service:
    """One URL of Apprise. `timeout`: seconds; `ca_file`: certificates to trust where it speaks HTTPS.

    NotAUrl if it is none.
    """

    def __init__(self, url: str, *, timeout: float, ca_file: Path | None = None) -> None:
        hush()
        self._apprise = Apprise(asset=AppriseAsset(app_id="Portalwatch", app_desc="Portalwatch", async_mode=False))
        if not self._apprise.add(url) or len(self._apprise) != 1:
            raise NotAUrl("is no URL of Apprise")
        self._timeout = timeout
        one = self._apprise[0]
        if one.socket_connect_timeout == URLBase.socket_connect_timeout:  # else the URL says it
            one.socket_connect_timeout = timeout
        if one.socket_read_timeout == URLBase.socket_read_timeout:
            one.socket_read_timeout = timeout
        if ca_file is not None and one.verify_certificate:
            one.verify_certificate = str(ca_file)  # type: ignore[assignment]  # requests takes a path, too

    def begin(self, message: Message, *, kind: str) -> asyncio.Future[bool]:
        """Call it; whether it took the message. `kind`: Apprise's `success`, `warning` or `failure`."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()

        def settle(taken: bool) -> None:
            if not answer.done():
                answer.set_result(taken)

        def call() -> None:
            taken = self._notify(message, kind)
            try:
                loop.call_soon_threadsafe(settle, taken)
            except RuntimeError:  # the loop has ended meanwhile: nobody is there to hear of it
                return

        threading.Thread(target=call, name="portalwatch-apprise", daemon=True).start()
        return answer

    async def patience(self, answer: asyncio.Future[bool]) -> None:
        """Wait for an answer as long as one should take. Failed: there is none yet; it may still come."""
        done, _ = await asyncio.wait([answer], timeout=self._timeout)
        if not done:
            raise Failed("no answer in time")

    def _notify(self, message: Message, kind: str) -> bool:
        try:
            return bool(
                self._apprise.notify(
                    body=message.body, title=message.title, notify_type=NotifyType(kind), body_format=NotifyFormat.TEXT
                )
            )
        except Exception:  # noqa: BLE001 - whatever a service's own code raises may quote what was sent
            return False


def hush() -> None:
    """Shut the loggers of Apprise and what lies under it, whatever the level of ours."""
    urllib3.disable_warnings()
    for name in TALKING:
        logger = logging.getLogger(name)
        logger.setLevel(NEVER)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
