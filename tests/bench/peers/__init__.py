"""Portalwatch beside its peers: one job, one log, one broker, and whoever does it in turn.

Theory of operation. *The job.* An item is opened and closed. Opened: keep its due time (24 hours on) in a state that
outlives the process, as the framework keeps state: a changelog topic, a recovery store, a snapshot. Closed: delete it
and count it as met or missed, by the times of its two events. Near its due (18 hours on) and still open: put an alert
on a topic, with delivery confirmed before the input's offsets are committed; when the item closes after that, take
the alert back on the same topic. Each peer is written as its users would write it (`programs`), in an environment of
its own (`environments`).

*When an alert is due.* Frameworks differ in the time that they have: some look at the wall, some wait for the next
event, and Portalwatch looks at the moment up to which its inputs are known to be read (contract R11), so that an item
whose answer lies in the backlog alerts nobody. What is compared must not hang on that. Two things see to it. The log
(`logs`) has, beside the items of its last hour, whose near moments lie 17 hours ahead of the end, a few that were
opened a day before: some are answered late in the log's last hour, some never. Whichever clock a peer has, the near
moments of those are past when it reads them and those of the others are not for hours after. And what counts is which
alerts *stand* at the end, fired and not taken back: exactly the items that are near or past their due and open when
the log ends. A peer that alerts on an item which the log goes on to answer has said something false and takes it
back; `said` in the JSON file shows how often, and costs it two records for one item in a hundred. Each peer's
standing alerts are compared item by item, met and missed by number; a run in which any differs has no speed, and its
row says why.

*The measure.* All read the same topic, filled beforehand. A run lasts from the first record that the job has in hand
(it says so itself, Pathway by the commit of its first batch; of Portalwatch's worker, which must not be changed, from
the end of the first partition's recovery, which comes earlier) to the last of its results: the moment at which its
counts were full, as it tells every tenth of a second, or its last alert's timestamp, whichever is later. Of
Portalwatch it is the commit of the last offset, which needs everything before it confirmed; the commits of peers that
commit are waited for, but cost them nothing. Peers that commit by interval do so every second, or as their row says.
CPU seconds are those of the job's processes, and of the broker, in that stretch; memory is the greatest sum of
resident pages. Portalwatch has rows of two workers, too, since a worker is one thread and others have as many as they
like; the topic's partitions are the same for all, and so is the broker's wait for a group's members. Rounds alternate
(A B C, A B C), and a ratio is taken within a round: neighbours on the machine come and go.
"""
