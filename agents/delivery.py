"""The agents of the sinks that follow `portal.alerts`: one for each."""

from __future__ import annotations

import contextlib

from faust.types import StreamT

from streams.delivery.apprise import People
from streams.delivery.webhook import Webhook
from streams.runtime import App
from streams.runtime.follower import Portion


def attach(app: App, sink: Webhook | People, name: str) -> None:
    """An agent that hands what was said over to a sink."""

    @app.agent(sink.follower.portions, name=f"agents.delivery.{name}")
    async def deliver(stream: StreamT[Portion]) -> None:
        async for portion in stream:
            with contextlib.suppress(Exception):  # the follower hears of it by the portion, and begins anew
                async with portion:
                    await sink.take(portion)
