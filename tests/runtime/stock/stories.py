"""Two lives of a worker on Kafka, with a fault in the first one, and what was worked off in the end.

The stories. `raised`: an agent raises at a record. `taken`: it raises at a record of a `take()`. `poisoned`: a record
cannot be decoded. `passed`: a record takes long, those behind it do not. `refused`: the broker refuses the changelog's
records (they are larger than the topic takes, until the second life).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource

from tests.brokers import Broker
from tests.runtime.harness import ROOT, Bench, Worker, until

STORIES = ("raised", "taken", "poisoned", "passed", "refused")
RECORDS = range(6)
LAST = 9  # sent three times before the second life: when it is worked off, so is all that will ever be


class Life(Worker):
    """A worker of `stock_job` or `our_job`; JOB_LIFE counts its starts."""

    def __init__(self, job: str, broker: Broker, prefix: str, folder: Path, **settings: Any) -> None:
        self.job, self.life = job, 0
        (folder / job).mkdir(exist_ok=True)  # stock Faust wants the parent of its datadir
        super().__init__(broker, prefix, job, folder, **settings)

    def start(self) -> subprocess.Popen[bytes]:
        self.life += 1
        command = [sys.executable, "-m", "faust", "-A", f"tests.runtime.stock.{self.job}", "worker", "-l", "info"]
        with self.path.open("ab") as log:
            env = self.env | {"JOB_LIFE": str(self.life), "PYTHONPATH": os.fspath(ROOT)}
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        return self.process


def prepare(bench: Bench) -> None:
    """Topics, a changelog that takes small records only, and six records for each story."""
    small = {"cleanup.policy": "compact", "max.message.bytes": "2000"}
    bench.make("out", *STORIES)
    bench.make("app-sizes-changelog", config=small)
    for story in STORIES:
        put(bench, story, [b"{" if (story, n) == ("poisoned", 2) else b"%d" % n for n in RECORDS])


def put(bench: Bench, story: str, values: Iterable[bytes]) -> None:
    for value in values:
        bench.producer.produce(f"{bench.prefix}.{story}", value, b"k", partition=0)
    assert bench.producer.flush(20) == 0


def take_larger(bench: Bench) -> None:
    """From now on the changelog takes what it refused."""
    name = f"{bench.prefix}.app-sizes-changelog"
    entry = ConfigEntry("max.message.bytes", "1000000", incremental_operation=AlterConfigOpType.SET)
    topic = ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": bench.broker.bootstrap})
    for done in admin.incremental_alter_configs([topic]).values():
        done.result(20)


def worked_off(bench: Bench, story: str) -> list[str]:
    """What went out for this story, in order; effects of aborted transactions are not read."""
    words = [message.value().decode().split(":") for message in bench.read("out")]
    return [record for name, record in words if name == story]


def keys(bench: Bench) -> set[str]:
    """The keys of the table `sizes` as its changelog has them."""
    found = {message.key().decode().strip('"') for message in bench.read(f"{bench.prefix}.app-sizes-changelog")}
    return {key for key in found if not key.startswith("\0")}


def is_committed(bench: Bench, stories: Iterable[str], offset: int) -> bool:
    return all(bench.committed(story) == offset for story in stories)


def begin_again(bench: Bench, worker: Life, stories: Iterable[str]) -> None:
    """The second life, with the last records before it; the changelog takes them now."""
    take_larger(bench)
    for story in stories:
        put(bench, story, [b"%d" % LAST] * 3)
    worker.start()


def live_on(bench: Bench, worker: Life, stories: Iterable[str]) -> None:
    """Wait until the last records are worked off."""
    last = {f"{story}:{LAST}" for story in stories}
    until(lambda: last <= out(bench), f"the end of {last}:\n{worker.log()[-2000:]}")


def has(bench: Bench, story: str, record: int) -> bool:
    return f"{story}:{record}" in out(bench)


def out(bench: Bench) -> set[str]:
    return {message.value().decode() for message in bench.read("out")}
