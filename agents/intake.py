"""The agents of the inputs: one for each workflow's topic, one for the commands."""

from __future__ import annotations

from faust.types import StreamT

from streams.runtime import App, Batch
from streams.watch import Watch


def attach(app: App, watch: Watch, topic: str, workflow: str) -> None:
    """An agent that hands the batches of `topic` over; `workflow` is one of the four, or `command`."""

    @app.agent(app.batches(topic), name=f"agents.intake.{workflow}")
    async def intake(stream: StreamT[Batch]) -> None:
        async for batch in stream:
            async with batch:
                await watch.take(batch, workflow)
