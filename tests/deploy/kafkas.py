"""Brokers that are set up as `deploy/` says: Compose's, and one behind TLS, passwords and ACLs.

Theory of operation. Two more kinds for `tests.brokers`, which runs them like its own. Tests reach both without
a password on their first port; a secured one has a second, for those who must show who they are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from tests import brokers, child
from tests.brokers import Broker
from tests.deploy import manifests

USER, PASSWORD = "watch", "a password of the tests"
SECURE = """\
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},SECURE://127.0.0.1:{secure}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={folder}/server.pem
listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
sasl.enabled.mechanisms=SCRAM-SHA-512
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""
"""The tests are ANONYMOUS, as who has shown no password is called; everybody else may do what an ACL says."""


def prepare_composed(folder: Path, port: int) -> list[str]:
    """Compose's own settings, as the image's start takes them; addresses and folders are the test's."""
    given = manifests.compose()["services"]["kafka"]["environment"]
    ports = {"9092": port, "19092": child.free_port(), "9093": child.free_port()}
    lines = []
    for variable, value in given.items():
        if variable != "KAFKA_HEAP_OPTS":
            name = variable.removeprefix("KAFKA_").lower().replace("_", ".")
            here = re.sub(r"(?:kafka|localhost|127\.0\.0\.1)?:(\d+)\b", lambda m: f"127.0.0.1:{ports[m[1]]}", value)
            lines.append(f"{name}={folder / 'data' if name == 'log.dirs' else here}\n")
    folder.mkdir()
    (folder / "server.properties").write_text("".join(lines))
    return brokers.formatted(folder / "server.properties")


def prepare_secured(folder: Path, port: int) -> list[str]:
    """A broker with a certificate and one user; `ca.pem` and `secure` (its port) are in the folder."""
    folder.mkdir()
    secure = child.free_port()
    (folder / "secure").write_text(str(secure))
    _certify(folder)
    secured = SECURE.format(port=port, controller=child.free_port(), secure=secure, folder=folder)
    names = {line.partition("=")[0] for line in secured.splitlines()}
    plain = brokers.PROPERTIES.format(
        port=port, controller=re.findall(r"CONTROLLER://127.0.0.1:(\d+)", secured)[0], folder=folder
    )
    kept = [line for line in plain.splitlines() if line.partition("=")[0] not in names]
    (folder / "server.properties").write_text("\n".join([*kept, secured]))
    scram = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
    return brokers.formatted(folder / "server.properties", "--add-scram", scram)


def _certify(folder: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    pkcs8 = key.private_bytes(  # the one form that Kafka reads
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
    (folder / "server.pem").write_bytes(pkcs8 + chain)


@contextmanager
def running(kind: str) -> Iterator[Broker]:
    """A broker of one of these kinds. Where Kafka cannot be had the test is skipped or, with CI set, fails."""
    if why := brokers.why_not("kafka"):
        (pytest.fail if "CI" in os.environ else pytest.skip)(f"Kafka is not here: {why}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(brokers.PREPARE, kind, {"composed": prepare_composed, "secured": prepare_secured}[kind])
        with brokers.running(kind) as broker:
            yield broker
