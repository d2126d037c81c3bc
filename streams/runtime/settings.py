"""The numbers that a runtime is given, and the limits that follow from them.

One number, `stall_timeout`, says how long a worker may stand still. Each limit is a part of it, so that the milder end
comes first: a send that is not confirmed fails the step before the watchdog ends the process.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `App` was given. Seconds, but for `chunk` (records). ValueError names what is out of range."""

    tick: float = 0.25
    """At most so long between two ticks of a lane."""
    chunk: int = 4000
    """At most so many records in one fetch of a lane. The group's heartbeats share the loop: keep it small."""
    fetch_wait: float = 0.1
    """So long a broker may hold a fetch without news; twice this is the age of `known` on a quiet partition."""
    commit_every: float = 0.5
    """So long between two commits. What is repeated after a crash hangs on the changelog's mark, not on them; each is a
    record a partition of every input for the broker, whose group coordinator reads them all when it starts anew."""
    stall_timeout: float = 60.0
    """So long a lane may stay in one phase before the watchdog ends the process."""
    idempotent: bool | None = None
    """Idempotent producer: yes, no, or (None) if the broker knows it."""
    rewind: bool = False
    """Obey the group's committed offsets even where the state is ahead of them (a deliberate replay)."""
    skip_corrupt: bool = False
    """Set aside changelog records that are not a state of their table, in place of ending the worker."""
    guarded: frozenset[str] = frozenset()
    """Topics of effects in whose partition of a lane's number only the lane may write."""

    def __post_init__(self) -> None:
        for name in ("tick", "fetch_wait", "commit_every", "stall_timeout"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0 seconds, not {getattr(self, name)!r}")
        if self.chunk < 1:
            raise ValueError(f"chunk must be 1 record or more, not {self.chunk!r}")

    @property
    def confirm_timeout(self) -> float:
        """Seconds that the broker has to confirm effects, a changelog batch or a commit."""
        return 0.75 * self.stall_timeout

    @property
    def loop_limit(self) -> float:
        """Seconds that the event loop may stand still; the group's heartbeats stand still with it."""
        return 0.5 * self.stall_timeout

    @property
    def group_limit(self) -> float:
        """Seconds that joining the group may take: other members may still be ending a step."""
        return 1.5 * self.stall_timeout
