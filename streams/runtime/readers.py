"""Which agents read the lanes' channels: a batch that nobody reads, or two do, would never be answered rightly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from faust.exceptions import ImproperlyConfigured
from faust.types import AgentT, ChannelT, TopicT


def check(agents: Iterable[AgentT[Any]], inputs: Mapping[str, ChannelT[Any]], ticks: ChannelT[Any]) -> None:
    """Each input is read by one agent, ticks by at most one, and no agent reads a topic.

    ImproperlyConfigured names the agent or the topic that is wrong.
    """
    agents = list(agents)
    if not inputs:
        raise ImproperlyConfigured("nothing to read: give an agent app.batches(<topic>)")
    for agent in agents:
        if isinstance(agent.channel, TopicT):
            raise ImproperlyConfigured(f"agent {agent.name} reads a topic: give it app.batches(<topic>) or app.ticks")
    for topic, channel in inputs.items():
        names = readers(agents, channel)
        if len(names) != 1:
            raise ImproperlyConfigured(f"app.batches({topic!r}) needs one agent, not {len(names)}: {names}")
    if len(names := readers(agents, ticks)) > 1:
        raise ImproperlyConfigured(f"app.ticks can have one agent, not {len(names)}: {names}")


def readers(agents: Iterable[AgentT[Any]], channel: ChannelT[Any]) -> list[str]:
    """The names of the agents that read a channel."""
    return [agent.name for agent in agents if agent.channel is channel]
