"""What the world of `test_standing` tells, and whom: Alertmanager's store of alerts, and what Kafka has."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Receiver:
    """Alertmanager's store: by labels, the span of an alert (`types.Alert.Merge`, `provider/mem.Alerts.Put`)."""

    up: bool = True
    refuses: str | None = None
    """Labels for which it refuses a request."""
    stale: bool = False
    """It lacks something that no failure has told us of: only the next round makes it good."""
    orphans: set[str] = field(default_factory=set)
    """Labels that fired when their partition was handed over, and that no heir knows of: they end by themselves."""
    spans: dict[str, tuple[float, float]] = field(default_factory=dict)

    def put(self, labels: str, starts: float, ends: float, now: float) -> None:
        assert starts <= ends
        if labels in self.spans:
            old_starts, old_ends = self.spans[labels]
            if old_starts < ends < old_ends or old_starts < starts < old_ends:
                if ends > now or old_ends <= now:
                    ends = max(ends, old_ends)
                starts = min(starts, old_starts)
        self.spans[labels] = (starts, ends)

    def firing(self, now: float) -> set[str]:
        return {labels for labels, (_, ends) in self.spans.items() if ends > now}


@dataclass
class Partition:
    """What Kafka has: open alerts with their labels, and what was resolved, with the time."""

    open: dict[str, str] = field(default_factory=dict)
    ends: list[tuple[str, str, float]] = field(default_factory=list)
    owner: int | None = None
