"""Faust made safe and fast: one lane per partition; effects before state before offsets.

Theory of operation. A `faust.App` whose consumer, conductor and table recovery are replaced by `Lanes`, one mode
service. All inputs of one partition number form a lane, which works one step at a time: fetch, agent, effects
confirmed, changelog confirmed; only then are the offsets eligible for the one committer. A crash anywhere repeats a
step or nothing, and loses nothing. Knows nothing of what the records mean.

Where to read: `app` (the Faust side), `batch` (what an agent gets), `lanes` (group and rebalance), `lane` (one
partition), `gate` (up to when the inputs are known), `ledger`, `tables` and `changelog` (state), `watchdog`, `health`.
"""

from streams.runtime.app import App
from streams.runtime.batch import Batch, Lost, Record
from streams.runtime.tables import Slice, Table

__all__ = ["App", "Batch", "Lost", "Record", "Slice", "Table"]
