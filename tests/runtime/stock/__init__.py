"""Faults of stock faust-streaming 0.15.3 (`test_stock_...`), each with its absence here beside it (`test_ours_...`).

1. An event whose agent raises is acknowledged and lost, `take()` acknowledges the whole batch, an undecodable record
   ends a `take()` agent for good: test_stories, on Kafka.
2. `Consumer._new_offset` commits past a gap at the head: test_offsets; test_stories.
3. `ProducerBuffer.flush` gives up after 0.1 s: test_offsets. Failed sends are only logged, so offsets run ahead of a
   changelog that never arrived: test_stories.
4. `Recovery._wait` ends without a word when a broker is late; reading is resumed before its place is sought:
   test_recovery.
5. The memory store does not know which keys a partition holds: test_tables.
6. Windows never close after a recovery, close for one partition of three, and by the wall clock: test_tables.
7. A timer may not write a table: test_tables.
8. exactly_once loses offsets: test_stories; test_offsets.
9. Tasks and futures for each record: test_costs.
"""
