"""The board under 50 readers: how long its pages, its API's answers and its changes take, and what the judging suffers.

Theory of operation. A real Kafka, a worker with 1,000 pending rows, 20 events a second, five of which open an item
whose first alert comes two seconds later. Three kinds of stretch: nobody reads; 50 boards are open, each with its
stream and the page that it asks for after a change (`crowd`); 50 programs ask the API for pages of 50 rows as fast as
they are answered. In each one, what the reading costs those who do not read is told beside: the lateness of the alerts
(stage time to the alert's timestamp), and the longest answer to `/healthz`, which does nothing, asked every 20 ms: so
long was the worker's loop held, or a little less. A change is seen when its row is in the hands of a reader, counted
from its event's sending. Worker, broker and all readers share this machine, which those of a clinic do not.
"""

from __future__ import annotations

import http.client
import math
import secrets
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from schemas import instants
from schemas.alerts import FIRED
from tests import brokers
from tests.bench import crowd
from tests.bench.apart import apart
from tests.bench.crowd import BOARDS, HURRY, NOBODY, PER_SECOND, Place, Seen, Visit
from tests.bench.measure import Figure, Plan
from tests.board import live
from tests.board.live import HOUR, Clinic, clinic
from tests.e2e.http import ask, until

PREFIX: Final = "breaders"
ROWS, QUICK_ROWS = 1_000, 60
READERS, QUICK_READERS = 50, 5
SECONDS, QUICK_SECONDS = 30.0, 6.0
LOOK_EVERY: Final = 0.02


WHO: Final = {NOBODY: "no reader", BOARDS: "{} boards", HURRY: "{} programs in a hurry"}


class Stretch(NamedTuple):
    """A visit: what its readers saw; milliseconds that each alert was late, and of each answer to `/healthz`."""

    visit: Visit
    seen: Seen
    late: list[float]
    held: list[float]


def run(plan: Plan) -> Iterator[Figure]:
    """Latencies with nobody, with boards, and with programs in a hurry."""
    rows, count = (QUICK_ROWS, QUICK_READERS) if plan.quick else (ROWS, READERS)
    tokens = tuple(secrets.token_urlsafe(16) for _ in range(count))
    with tempfile.TemporaryDirectory() as folder, brokers.running("kafka") as broker:
        file = known(Path(folder), tokens)
        with clinic(broker, PREFIX, Path(folder), tokens=str(file)) as ward:
            fill(ward, rows)
            found = {
                how: [
                    stretch(ward, Visit(f"{how}{number}", how, tokens, rows, QUICK_SECONDS if plan.quick else SECONDS))
                    for number in range(plan.runs)
                ]
                for how in (NOBODY, BOARDS, HURRY)
            }
    yield from figures(found, rows, count)


def known(folder: Path, tokens: Sequence[str]) -> Path:
    """A tokens' file that knows these as well, each as somebody else."""
    own = folder / "tokens"
    own.mkdir()
    path = live.tokens(own)
    tables = (
        f'\n[[tokens]]\nname = "reader-{number}"\nsha256 = "{sha256(token.encode()).hexdigest()}"\n'
        for number, token in enumerate(tokens)
    )
    path.write_text(path.read_text() + "".join(tables))
    return path


def fill(ward: Clinic, rows: int) -> None:
    """So many pending items."""
    for number in range(rows):
        ward.happens(f"many-{number}", "message.sent", 2 * HOUR, department="cardiology")
    ward.flush()
    until(lambda: ask(ward.worker.port, "/api/items?limit=0").json["counts"]["pending"] == rows, 120)


def stretch(ward: Clinic, visit: Visit) -> Stretch:
    """One visit, and what it cost."""
    ahead = ward.now - time.time()
    place = Place(ward.worker.port, ward.cluster.broker.bootstrap, f"{ward.cluster.prefix}.messages", ahead)
    with Probe(ward.worker.port) as probe:
        seen = apart(crowd.visit, place, visit)
    late: list[float] = []

    def told() -> bool:
        late[:] = lateness(ward.cluster.alerts(), f"soon-{visit.name}-", ahead)
        return len(late) == seen.opened

    until(told, tell=lambda: f"{seen.opened} items came due soon, and {len(late)} alerts say so")
    return Stretch(visit, seen, late, probe.found)


def lateness(alerts: Iterable[Mapping[str, Any]], items: str, ahead: float) -> list[float]:
    """Milliseconds from each first stage of these items (their names begin so) to its alert on the topic.

    Args:
        ahead: the worker's clock less the wall's, in seconds.
    """
    fired = (each for each in alerts if each["type"] == FIRED and each["subject"].startswith(items))
    return [1e3 * (each["appended"] + ahead - instants.parse(each["data"]["stage_at"]) / 1e6) for each in fired]


class Probe:
    """Asks a worker how it is, from `with` on; `found`: milliseconds of each answer."""

    def __init__(self, port: int) -> None:
        self.found: list[float] = []
        self._line, self._end = http.client.HTTPConnection("127.0.0.1", port, timeout=60), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._line.close()

    def _run(self) -> None:
        while not self._end.wait(LOOK_EVERY):
            begin = time.monotonic()
            self._line.request("GET", "/healthz")
            self._line.getresponse().read()
            self.found.append(1e3 * (time.monotonic() - begin))


def figures(found: Mapping[str, Sequence[Stretch]], rows: int, readers: int) -> Iterator[Figure]:
    """What the stretches of each kind come to, run by run."""
    for how, stretches in found.items():
        who = WHO[how].format(readers)
        note = f"{rows:,} rows, {PER_SECOND} events/s for {stretches[0].visit.seconds:g} s"
        if how != NOBODY:
            what = "page" if how == BOARDS else "answer"
            slowed = sum(each.seen.slowed for each in stretches)
            rates = tuple(len(each.seen.pages) / each.seen.seconds for each in stretches)
            yield Figure(f"{who}: {what}s", "1/s", rates, None, f"{note}; told to ask more slowly: {slowed} times")
            yield from _spread(f"{who}: {what}", [each.seen.pages for each in stretches], (0.5, 0.99), note)
        if how == BOARDS:
            told = f"{note}; told to look at the whole again: {sum(each.seen.resets for each in stretches)} times"
            yield from _spread(f"{who}: change seen", [each.seen.changes for each in stretches], (0.5, 0.99, 1), told)
        yield from _spread(f"{who}: alert late", [each.late for each in stretches], (0.5, 0.99), note)
        yield from _spread(f"{who}: worker's loop held", [each.held for each in stretches], (1,), note)


def _spread(name: str, values: Sequence[Sequence[float]], shares: Sequence[float], note: str) -> Iterator[Figure]:
    for share in shares:
        part = "longest" if share == 1 else f"p{100 * share:.0f}"
        yield Figure(f"{name}, {part}", "ms", tuple(percentile(each, share) for each in values), None, note)


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that so large a share does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
