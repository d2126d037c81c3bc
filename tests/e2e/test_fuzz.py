"""Whatever the OpenAPI document allows, and much that it does not, asked of a live worker (contract section 10)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.e2e.cluster import cluster
from tests.e2e.http import ACTOR, ask, tokens, until
from tests.e2e.test_api import MARKER, POLICY, pending, send

SECONDS = 20
"""The fuzzer's time."""
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429", "503"]
"""
"""422: of the right form, and cannot be (a cursor that is none, a department that the policy has not)."""
LEFT_OUT = "/api/stream"
"""It answers without an end."""


@pytest.mark.brokers("embedded")
@pytest.mark.timeout(150)
def test_schemathesis_finds_nothing(broker: Broker, tmp_path: Path, prefix: str) -> None:
    with cluster(broker, prefix, tmp_path, POLICY, tokens=str(tokens(tmp_path))) as under_test:
        worker = under_test.worker()
        worker.wait_ready()
        for number in range(5):
            send(under_test, number, ago=320.0, department="ab"[number % 2], priority="urgent")
        until(lambda: pending(worker) == {f"m-{number}" for number in range(5)}, 30, worker.tail)
        (tmp_path / "schemathesis.toml").write_text(CONFIG)
        done = subprocess.run(
            [
                sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run",
                f"http://127.0.0.1:{worker.port}/api/openapi.json", "--header", f"Authorization: Bearer {ACTOR}",
                "--exclude-path", LEFT_OUT, "--max-time", str(SECONDS), "--checks", "all", "--workers", "1",
                "--rate-limit", "45/s", "--no-color", "--warnings", "off", "--generation-database", "none",
                "--generation-allow-x00", "false", "--seed", "7",
            ],
            capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert MARKER not in done.stdout
        assert ask(worker.port, "/api/items").status == 200
        assert "Traceback" not in worker.log.read_text()
        assert under_test.read("deadletters") == []
