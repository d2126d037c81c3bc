"""Faust made safe and fast: one lane per partition; effects before state before offsets.

**What for.** A `faust.App` for jobs that keep state by partition and must not lose, double or delay what they say.
Stock Faust acknowledges an event whose agent raised, lets offsets run ahead of changelog records that never arrived,
and can live on while it consumes nothing. Here a crash at any point repeats a step or nothing, and a worker that cannot
do its work ends, with a reason and status 70. It knows nothing of what the records mean.

**How to use it.** An agent gets batches, and answers by leaving the block::

    app = App("my-app", broker="kafka://...", guarded=["said"])
    items = app.Table("items")                                    # bytes by key, by partition, with a changelog
    public = app.Table("open", changelog="open", leads=True)      # written before the effects

    @app.agent(app.batches("events"))
    async def events(stream):
        async for batch in stream:                                # the records of one fetch of one partition
            async with batch:
                mine = items.slice(batch.partition)
                for record in batch.records:
                    mine.put(record.key, record.value)
                    batch.send("said", record.key, b"...", partition=batch.partition)

    @app.agent(app.ticks)                                         # a batch without records: time has passed
    async def ticks(stream):
        async for batch in stream:
            async with batch:
                ...                                               # what is due by batch.known
                batch.wake_at = next_moment

**Theory of operation.** `Lanes`, one mode service, takes the place of Faust's consumer, conductor and table recovery;
command line, web server, pages, agents, timers and settings stay Faust's. All inputs of one partition number form a
`Lane`, which works one step at a time:

1. *Fetch* (`lane`): a chunk of records, or a tick. A tick is judged at `known`, the moment up to which all inputs of
   the partition are proved to have been read (`gate`): a response's own arrival proves nothing.
2. *Agent* (`batch`): it changes slices of tables (`tables`), and collects effects. An error ends the worker, and
   nothing of the step is committed.
3. *Still ours?* If the group's last word is old, a commit asks it before anything is said.
4. *Said, effects, state, offsets*, each confirmed by the broker before the next (`ledger`, `changelog`): the puts of
   leading tables; the effects; the tombstones of leading tables; the other tables, and with the last of them a mark,
   the next offset of each input. Only then are the offsets eligible for the one committer (`lanes`). So a crash
   repeats a step whose mark does not stand, and no other; effects need ids by which a repeat is known.

*Taking a partition.* The producer of whoever had it before is shut out by the broker (`writers`); then the changelogs
are read to their ends, in batches; the mark says where the inputs go on. What is not fit to be a state ends the worker,
or is set aside (`damage`). *Giving one up.* The step at hand ends and is committed, and its slices are gone from memory
before the group goes on; partitions stay where they are as far as shares allow (`assignor`).

*Watching.* A thread compares the offsets, their ends, what is committed, what is known and how long each phase lasts
(`watchdog`); `health` says the same to `/readyz`, earlier. *Time* is a wall clock that never goes back (`steady`).

*Bounds.* One fetch response of 32 MB, one chunk of records a lane, one step a lane: nothing else is held of the input.

**On brokers.** All of it on Apache Kafka. A broker without producer ids (the embedded one) is written to by one plain
producer: batches may then be repeated, and an owner that wakes late is noticed only by the offsets that do not join up.
"""

from streams.runtime.app import App
from streams.runtime.batch import Batch, Lost, Record
from streams.runtime.tables import Slice, Table

__all__ = ["App", "Batch", "Lost", "Record", "Slice", "Table"]
