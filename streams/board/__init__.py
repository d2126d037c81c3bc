"""The on-call board: pages for people, served beside the API.

Theory of operation. A page is written whole by the server (`pages`, `lines`, `timeline`, and the templates), from the
same answers that the API gives, so it can be read without any script. The script (`static/board.js`) then keeps it
alive: it listens to `/api/stream`, asks for the same page again when something changed, and puts in what differs; so
there is one place that says how a thing is worded. It alone counts down between two answers, and sends what people do
to the API. Files under `/static/` stand under a digest of all of them, and may be kept for ever.
"""
