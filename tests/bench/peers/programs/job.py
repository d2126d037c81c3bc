"""What the programs in Python have in common: their settings, how an event is read, and how they tell what they found.

No part of the measured frameworks: a peer's program is run by an interpreter of its own, with this folder first in the
path, and imports nothing else of this project. A line of JSON on standard output tells, every tenth of a second in
which it changed: `at` and `first` (UNIX seconds: now, and when the first event was in hand), `met`, `missed`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from datetime import datetime

import orjson

BOOTSTRAP = os.environ["PEER_BOOTSTRAP"]
TOPIC = os.environ["PEER_TOPIC"]
ALERTS = os.environ["PEER_ALERTS"]
GROUP = os.environ["PEER_GROUP"]
FOLDER = os.environ["PEER_FOLDER"]
PARTITIONS = int(os.environ["PEER_PARTITIONS"])
WITHIN = float(os.environ["PEER_WITHIN"])
"""Seconds from an open to its due."""
NEAR = float(os.environ["PEER_NEAR"])
"""Seconds from an open to its alert."""

STDOUT = sys.__stdout__
"""As it was at the start: Faust puts its log in the place of `sys.stdout`."""
SENT = "portal.message.sent"


class Counts:
    """What was judged so far."""

    def __init__(self) -> None:
        self.first = 0.0
        self.met = 0
        self.missed = 0

    def begin(self) -> None:
        """Events are in hand."""
        if not self.first:
            self.first = time.time()

    def judge(self, late: bool) -> None:
        """Count an item that was closed."""
        if late:
            self.missed += 1
        else:
            self.met += 1

    def tell(self) -> None:
        """From now on, on a thread."""
        threading.Thread(target=self._tell, daemon=True).start()

    def _tell(self) -> None:
        before = None
        while True:
            now = (self.met, self.missed)
            if self.first and now != before:
                before = now
                said = {"at": time.time(), "first": self.first, "met": now[0], "missed": now[1]}
                STDOUT.write(json.dumps(said) + "\n")
                STDOUT.flush()
            time.sleep(0.1)


def read(value: bytes) -> tuple[str, bool, float]:
    """The item, whether it was opened (else closed), and when (UNIX seconds)."""
    event = orjson.loads(value)
    return event["subject"], event["type"] == SENT, seconds(event["time"])


def seconds(time_text: str) -> float:
    """UNIX seconds of an instant in RFC 3339."""
    return datetime.fromisoformat(time_text).timestamp()


def alert(item: str, due: float, state: str) -> bytes:
    """An alert: `state` is `firing` or `resolved`."""
    return orjson.dumps({"item": item, "due": due, "state": state})
