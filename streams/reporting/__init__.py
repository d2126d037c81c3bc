"""`portalwatch report`: how each department kept its benchmarks in a span of time, for a committee.

Theory of operation. A report is about the cycles that began in a span of days, and about the span before it. `sums`
adds up what is known of them, a line for each workflow, clock and department: from the shares of a backtest, exactly,
or from the scorecards of a live system, as far as those tell. `figures` makes figures of the sums, and says nothing
where too few cycles stand behind one. `report` puts them together in the form that `--json` prints; `page` (HTML, with
`plots`) and `sheet` (CSV) are written from that form alone. Nothing here reads a clock: the same input gives the same
bytes.
"""
