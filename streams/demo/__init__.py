"""The demo: an embedded broker, a simulated portal, a worker, and a view in the terminal.

`stories` tells what happens to one piece of work, `portal` makes a stream of events of many, `publish` sends them when
the clock says so. `children` and `ports` keep the processes, `feed` follows what the worker says, `sentences` and
`view` show it, and `run` puts all together. What the demo watches is an ordinary worker on an ordinary broker.
"""
