"""Ask the worker beside us how it is: `probe.py /healthz` or `probe.py /readyz`; status 0 if it answers 200, else 1.

Theory of operation. Until an identity is configured a worker's web server listens on loopback alone, so whoever asks
from outside its container gets no answer; and an image for one program has no curl. So the container's health check,
and the probes of an orchestrator, run this in it. It needs the standard library alone (`python -I`, which starts
fast), and knows the port as the worker does. What it prints, the orchestrator shows when the probe fails.
"""

from __future__ import annotations

import http.client
import os
import sys

PATIENCE = 4.0
"""Seconds; less than the probe's own limit, so that the reason is still told."""
LOOPBACK = "127.0.0.1"
SHOWN = 500
"""Characters of an answer: the reason stands at its beginning."""


def main(path: str) -> int:
    """Exit status of a probe of `path`."""
    port = int(os.environ.get("PORTALWATCH_WEB_PORT") or 6066)
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        print(answer.status, answer.read(SHOWN).decode(errors="replace"))
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer on port {port}: {error!r}")
        return 1
    finally:
        connection.close()
    return 0 if answer.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
