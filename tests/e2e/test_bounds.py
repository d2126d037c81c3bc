"""What comes in masses, or is too large, costs neither a record nor the worker's memory nor its place in the group."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.e2e.cluster import Cluster, Worker, cluster
from tests.e2e.letters import ONE_STAGE, Sent, alerts_of, found, headers_of, letters, opened, put
from tests.e2e.test_deadletters import admit_large
from tests.e2e.test_worker import event

BAD, GOOD = 10_000, 50_000
LARGE_BYTES = 5 << 20
GROWTH_BYTES = 200 << 20
"""So much may a worker grow that takes 50,000 items at once: at its peak it was measured to be 60 MiB larger."""
KEY = b"p-4821"


@pytest.mark.timeout(240)
def test_masses_and_a_giant(broker: Broker, tmp_path: Path, prefix: str) -> None:
    policy = ONE_STAGE.format(minutes="0.01", partitioner="unchecked")
    with cluster(broker, prefix, tmp_path, policy, partitions="1") as under_test:
        worker = under_test.worker()
        worker.wait_ready()
        admit_large(broker, f"{prefix}.messages")
        before = memory(worker)
        bad = [Sent(KEY, b"{%d" % number, [], stamp(), 0) for number in range(BAD)]
        put(under_test, bad)
        check_works(under_test, "m-after-bad")
        check_letters(under_test, bad)
        at = time.time()
        put(under_test, [Sent(b"k", routine(number, at), [], stamp(), 0) for number in range(GOOD)])
        giant = Sent(b"giant", b"x" * LARGE_BYTES, [("trace", b"\xff")], stamp(), 0)
        put(under_test, [giant])
        check_works(under_test, "m-after-good")
        grown = memory(worker) - before
        last = letters(under_test, BAD + 1)[-1]
        assert headers_of(last)["reason"] == "too_large"
        assert found(last)._replace(headers=found(last).headers[:1]) == giant
        log = worker.log.read_text()
        assert log.count("partitions: [0]") == 1, "it left the group"
        assert "is lost" not in log
        check_codecs(under_test)
    assert grown < GROWTH_BYTES, f"grown by {grown >> 20} MiB"


def stamp() -> int:
    return round(time.time() * 1000)


def routine(number: int, at: float) -> bytes:
    """An event that opens an item of its own, which is due some other day."""
    return json.dumps(event(number, f"r-{number}", "sent", at, priority="routine")).encode()


def check_works(under_test: Cluster, item: str) -> None:
    """The next good event is judged."""
    put(under_test, [Sent(KEY, opened(item, time.time()), [], stamp(), 0)])
    alerts_of(under_test, {item})


def check_codecs(under_test: Cluster) -> None:
    """Portals compress as they like."""
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        at = time.time()
        both = [Sent(KEY, opened(f"m-{codec}-{n}", at, note="x" * 500), [], stamp(), 0) for n in range(2)]
        put(under_test, both, codec)
    alerts_of(under_test, {f"m-{codec}-{n}" for codec in ("gzip", "snappy", "lz4", "zstd") for n in range(2)})


def check_letters(under_test: Cluster, bad: list[Sent]) -> None:
    """All there, in order, none twice."""
    dead = letters(under_test, len(bad))
    assert [letter.value() for letter in dead] == [each.value for each in bad]
    assert [headers_of(letter)["offset"] for letter in dead] == [str(number) for number in range(len(bad))]


def memory(worker: Worker) -> int:
    """Resident bytes of a worker: the most that it ever had, where the system tells (Linux), else what it has now."""
    assert worker.process is not None
    status = Path(f"/proc/{worker.process.pid}/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) << 10
    asked = ["ps", "-o", "rss=", "-p", str(worker.process.pid)]
    return int(subprocess.run(asked, capture_output=True, check=True).stdout) << 10
