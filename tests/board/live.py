"""A live worker whose clock says Thursday, ten in the morning in Chicago, and the work of a clinic on it."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from schemas import instants
from streams.clock import Pace
from tests.brokers import Broker
from tests.e2e.cluster import Cluster, Worker, cluster
from tests.e2e.http import ACTOR, ask, until
from tests.e2e.http import tokens as tokens_file

CLINIC = Path(__file__).parents[2] / "streams/demo/clinic.yaml"
START = instants.parse("2026-11-05T16:00:00Z")
MINUTE, HOUR = 60.0, 3600.0
DAY = 24 * HOUR
READER = "pw_reader"
KINDS = ("medication", "symptom", "form", "billing", "test-result")
# Hours before 10:00, department, priority: one missed, some within the hour, some today, the rest tomorrow.
MESSAGES = (
    (20, "cardiology", "urgent"), (19.6, "oncology", "urgent"), (23.4, "cardiology", "routine"),
    (23.1, "oncology", "routine"), (23.2, "cardiology", "routine"), (20.5, "cardiology", "routine"),
    (19.8, "oncology", "routine"), (2, "oncology", "routine"), (1.8, "cardiology", "routine"),
    (1.5, "primary-care", "urgent"), (45, "primary-care", "routine"), (2.6, "primary-care", "urgent"),
    (44, "primary-care", "routine"), (20, "primary-care", "routine"), (1.2, "cardiology", "routine"),
)  # fmt: skip


class Clinic:
    """A cluster, its worker, and events that happen to it."""

    def __init__(self, under_test: Cluster, origin: float) -> None:
        self.cluster, self._origin = under_test, origin
        self.worker: Worker = under_test.worker()
        self.worker.wait_ready()
        self._numbers = itertools.count()

    @property
    def url(self) -> str:
        """Of the worker."""
        return f"http://127.0.0.1:{self.worker.port}"

    @property
    def now(self) -> float:
        """UNIX seconds of the clinic's clock."""
        return START / 1e6 + time.time() - self._origin

    def happens(self, item: str, type_: str = "message.sent", ago: float = 0.0, **data: str) -> None:
        """One event, so many seconds ago; `flush` waits for it."""
        workflow = type_.partition(".")[0]
        at = self.now - ago if ago < MINUTE else (self.now - ago) // MINUTE * MINUTE
        value = {
            "specversion": "1.0", "id": f"e{next(self._numbers)}", "source": "/clinic", "type": f"portal.{type_}",
            "subject": item, "time": instants.text(round(at * 1e6)), "data": data,
        }  # fmt: skip
        self.cluster.publish(workflow, json.dumps(value).encode(), item)

    def flush(self) -> None:
        """Until the broker has all."""
        self.cluster.flush()

    def row(self, item: str) -> dict[str, Any] | None:
        """What the API says of an item that is pending."""
        answer = ask(self.worker.port, f"/api/items?q={item}&limit=500")
        rows = [] if answer.status != 200 else [row for row in answer.json["items"] if row["item"] == item]
        return rows[0] if rows else None

    def commands(self) -> list[dict[str, Any]]:
        """All acts."""
        return [json.loads(message.value() or b"{}") for message in self.cluster.read("commands")]

    def firing(self, *items: str) -> None:
        """Wait until alerts of all these fire."""
        for item in items:
            until(lambda item=item: (self.row(item) or {}).get("alerts"))  # type: ignore[misc]

    def morning(self) -> None:
        """What is pending at ten."""
        for number, (ago, department, priority) in enumerate(MESSAGES):
            more = {"owner": "n.lee"} if number % 4 == 1 else {}
            more |= {"department": department, "priority": priority, "kind": KINDS[number % len(KINDS)]}
            self.happens(f"m-{4801 + 17 * number}", "message.sent", ago * HOUR, **more)
        for number in range(4):
            self.happens(f"r-{2210 + number}", "result.promised", (66 - 20 * number) * HOUR, department="imaging",
                         kind="mri")  # fmt: skip
            self.happens(f"v-{310 + number}", "appointment.requested", (23.2 - number) * HOUR, department="oncology")
            visit = instants.text(round((self.now + (26 + 9 * number) * HOUR) * 1e6))
            self.happens(
                f"q-{77 + number}", "questionnaire.submitted", 60 * HOUR, department="cardiology", anchor=visit
            )
        for item in ("m-4852", "v-312"):
            verb = "message.awaiting_patient" if item[0] == "m" else "appointment.offered"
            self.happens(item, verb, 30 * MINUTE)
        self.happens("m-9001", "message.sent", 26 * HOUR, department="cardiology")
        self.flush()
        self.firing("m-4801", "m-9001")
        self.happens("m-9001", "message.replied")
        self.flush()
        until(lambda: self.row("m-9001") is None)


def tokens(folder: Path) -> Path:
    """Also one who only reads, and whom to ask."""
    path = tokens_file(folder)
    digest = sha256(READER.encode()).hexdigest()
    text = f'contact = "the portal office, extension 1234"\n{path.read_text()}\n[[tokens]]\nname = "kay"\n'
    path.write_text(f'{text}sha256 = "{digest}"\n')
    return path


@contextmanager
def clinic(broker: Broker, prefix: str, folder: Path, **settings: str) -> Iterator[Clinic]:
    """A clinic that ends with the block."""
    origin = time.time()
    given = {"tokens": str(tokens(folder)), "clock": str(Pace(START, 1.0, origin)), **settings}
    with cluster(broker, prefix, folder, CLINIC.read_text(), **given) as under_test:
        yield Clinic(under_test, origin)


__all__ = ["ACTOR", "Clinic", "clinic"]
