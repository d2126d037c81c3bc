"""Between the lanes and the core."""

from __future__ import annotations

from streams.clock import Clock
from streams.runtime import App, Batch, Table
from streams.tally import Tally
from streams.watch import Topics, Watch


async def test_a_batch_that_nobody_waits_for_is_not_judged() -> None:
    """Its partition was given up while it lay in the agent's channel; by now it may have another engine here."""
    app = App("unit", broker="kafka://127.0.0.1:1")
    tables = [app.Table(name) for name in ("items", "open", "cards")]
    items, open_alerts, cards = (table for table in tables if isinstance(table, Table))
    watch = Watch("/unit", Clock(), Topics("alerts", "letters"), items, open_alerts, cards, 1 << 20, Tally([]))
    for batch in (Batch(0, "in"), Batch(0, known=1.0)):
        batch.done.cancel()
        await watch.take(batch, "message")
        watch.tick(batch)
        assert batch.effects == []
        assert batch.wake_at is None
