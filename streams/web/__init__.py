"""The HTTP interface of a worker (contract section 10): what is pending, why, and what staff do about it.

Theory of operation. Each partition that a worker holds has a `View`: its running items in order of their due time,
made when somebody first asks and kept up to date from then on by the engine, which tells it of each item that it
decides (`Engine.looker`). A question is answered from the views that are at hand and, for the partitions that others
hold, by those others (`cluster`); what nobody answers for is `missing`, and the answer 503. Who asks is found out by
`identity`, what may be asked by `guard`; `routes` is the list of all paths, from which `openapi` makes the document.
Acts become commands on the topic (`acts`), and come back as any event does.

The loop that answers also judges: whatever takes longer than some milliseconds is cut into turns.
"""
