"""The agent of the ticks: what comes due by the passing of time."""

from __future__ import annotations

from faust.types import StreamT

from streams.runtime import App, Batch
from streams.watch import Watch


def attach(app: App, watch: Watch) -> None:
    """An agent that hands ticks over."""

    @app.agent(app.ticks, name="agents.ticker")
    async def ticker(stream: StreamT[Batch]) -> None:
        async for batch in stream:
            async with batch:
                watch.tick(batch)
