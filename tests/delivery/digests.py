"""The sink `apprise` in the failure matrix: one service takes all digests, which here name their items."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from schemas.alerts import FIRED, RESOLVED
from tests.delivery.rows import Count, Said
from tests.receiving import Receiver

WORDS = (
    "{% for line in lines %}{% for item in line.items %}"
    "{{ 'over' if line.over else 'new' }}:{{ item }} {% endfor %}{% endfor %}"
)
ENOUGH = 4.0
"""Seconds in which a service that takes digests again has to be told what fires: the longest wait and a digest."""
SINK = """
[apprise.apprise]
every = "0.5 seconds"
gather = "1.5 seconds"
timeout = "1 second"
longest_wait = "1 second"
detail = "full"
resolved = true
templates = "words"
[apprise.apprise.recipients]
"*" = {file = "url"}
"""


class AppriseRow:
    """The sink `apprise`, which tells ends, too: a beginning was told exactly if its end was.

    What still fires when the service is well again (there is time enough before it is answered) has to be told; what
    was over before that may be told or not.

    A worker is killed right after something was said, when nothing is on its way yet: the one window lies between a
    service's answer and its commit, and `tests/unit/delivery/test_apprise.py` forces it.

    It does not meet `cuts`: a service that takes a digest and breaks off its answer cannot be told from one that did
    not take it, and digests have no ids.
    """

    name = "apprise"
    faults: Sequence[str] = (
        "none", "refuses", "503", "429", "hangs", "400", "410", "killed", "moves", "stopped", "broker",
    )  # fmt: skip

    def __init__(self) -> None:
        self.receiver = Receiver()
        self.healed: list[float] = []

    def start(self, folder: Path) -> str:
        (folder / "words").mkdir()
        (folder / "words" / "body.txt").write_text(WORDS)
        (folder / "url").write_text(self.receiver.url("all"))
        self.receiver.start()
        return SINK

    def stop(self) -> None:
        self.receiver.healed.set()
        self.receiver.stop()

    def misbehave(self, how: str) -> None:
        self.receiver.healed.clear()
        if how == "refuses":
            self.receiver.stop()
        elif how != "none":
            self.receiver.statuses["all"] = 0 if how == "hangs" else int(how)

    def behave(self) -> None:
        self.receiver.statuses.clear()
        self.receiver.healed.set()
        self.receiver.start()
        self.healed.append(time.time())
        time.sleep(ENOUGH)

    def stands(self, items: Sequence[str]) -> None:
        """It gets events, and shows none."""

    def history(self, _: Said) -> str:
        """It keeps none."""
        return ""

    def count(self, said: Said) -> Count:
        told = [word for each in list(self.receiver.told) for word in each.body.split()]
        times = Counter(told)
        items = {each["subject"] for each in said}
        lost = sum(times[f"new:{item}"] == 0 != times[f"over:{item}"] for item in items)
        lost += sum(times[f"over:{item}"] == 0 != times[f"new:{item}"] for item in items)
        lost += sum(times[f"new:{item}"] == 0 for item in self._owed(said))
        doubled = sum(max(0, times[f"{word}:{item}"] - 1) for item in items for word in ("new", "over"))
        place = {word: n for n, word in reversed(list(enumerate(told)))}
        disorder = sum(place.get(f"over:{item}", len(told)) < place.get(f"new:{item}", -1) for item in items)
        return Count(len(said), lost, doubled, 0, disorder)

    def _owed(self, said: Said) -> set[str]:
        """Items that fired when the service was well again, and were answered after that."""
        fired = {each["subject"]: each["appended"] for each in said if each["type"] == FIRED}
        over = {each["subject"]: each["appended"] for each in said if each["type"] == RESOLVED}
        return {
            item
            for item, at in fired.items()
            if any(at < healed and over.get(item, healed + ENOUGH) >= healed + ENOUGH for healed in self.healed)
        }
