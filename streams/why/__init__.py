"""Why somebody was told of an item, or was not.

Theory of operation. All that bears on one item is read from the broker (`evidence`): its events and commands as they
came, the policies, what was said of it, what stands open, what the sinks' journal keeps, and the dead letters that are
its own. The item is then judged anew by the same core as a worker's (`replay`): alone, each event at the moment at
which it came, each moment at its own time. What the core says is compared with what was said (`compare`); what is left
over on either side is a finding. From both `answer` puts together, for each cycle and clock, what became of each stage
and of each alert at each sink, and `text` says it in words.

    reading    what the broker holds, bounded to the partitions in which an item can stand
    evidence   what of it concerns the item
    replay     the core's own account
    compare    where the two differ
    stages     what became of each stage
    sinks      what became of each alert at each sink
    forms      the JSON, documented in deploy/docs/why.md
    answer     puts it together; `headline` is its first sentence
    text       in words

A worker judges with what other items of the partition tell of the time; here the wall tells it: an event counts as
come when its record was made, or when an earlier record of its partition was made, if that is later.
"""
