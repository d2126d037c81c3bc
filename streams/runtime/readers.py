"""Which agents read the lanes' channels, and what happens when one fails outside a batch.

Stock Faust restarts an agent that raised. Here that is a failure of the worker: an error inside `async with batch:`
fails the step, and one outside it would leave the batch for ever unanswered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from faust.exceptions import ImproperlyConfigured
from faust.types import AgentT, ChannelT, TopicT

Fail = Callable[[Exception, str], None]


def check(agents: Iterable[AgentT[Any]], inputs: Mapping[str, ChannelT[Any]], ticks: ChannelT[Any], fail: Fail) -> None:
    """Each input is read by one agent, ticks by at most one, no agent reads a topic; their failures go to `fail`.

    ImproperlyConfigured names the agent or the topic that is wrong.
    """
    agents = list(agents)
    for agent in agents:
        if isinstance(agent.channel, TopicT):
            raise ImproperlyConfigured(f"agent {agent.name} reads a topic: give it app.batches(<topic>) or app.ticks")
    for topic, channel in inputs.items():
        names = readers(agents, channel)
        if len(names) != 1:
            raise ImproperlyConfigured(f"app.batches({topic!r}) needs one agent, not {len(names)}: {names}")
    if len(names := readers(agents, ticks)) > 1:
        raise ImproperlyConfigured(f"app.ticks can have one agent, not {len(names)}: {names}")
    for agent in agents:
        if any(agent.channel is channel for channel in (*inputs.values(), ticks)):
            watch(agent, fail)


def readers(agents: Iterable[AgentT[Any]], channel: ChannelT[Any]) -> list[str]:
    """The names of the agents that read a channel."""
    return [agent.name for agent in agents if agent.channel is channel]


def watch(agent: Any, fail: Fail) -> None:
    """Have an agent's errors reported to `fail`, after its own handler if it has one."""
    own: Callable[[Any, BaseException], Awaitable[None]] | None = agent._on_error  # noqa: SLF001 - Faust takes a handler at definition only

    async def on_error(failed: AgentT[Any], error: BaseException) -> None:
        if own is not None:
            await own(failed, error)
        if isinstance(error, Exception):
            fail(error, f"agent {failed.name}")

    agent._on_error = on_error  # noqa: SLF001
