"""The programs out of Debian's packages themselves: they serve, come back with their data, and end with their test."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import alertmanager, debian, prometheus, served
from tests.test_brokers import alive

STARTS_AND_DIES = """
import os, sys
from pathlib import Path
from tests.prometheus import Prometheus, config
server = Prometheus(config([]), Path(sys.argv[1]))
server.start()
print(server._process.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_prometheus_scrapes_an_alertmanager_and_keeps_what_it_saw() -> None:
    with alertmanager.running(ROUTES) as manager, prometheus.running(prometheus.config([manager.address])) as server:
        server.wait_scraped()
        (built,) = server.query("alertmanager_build_info")
        assert (built.labels["job"], built.labels["instance"]) == ("portalwatch", manager.address)
        server.restart()
        assert server.query("alertmanager_build_info", at=built.at)
        with pytest.raises(AssertionError, match="parse error"):
            server.query("sum(")
        assert server.query_range("vector(1)", 60, 120, 30) == [
            [prometheus.Sample({}, 1, at) for at in (60, 90, 120)],
        ]


ROUTES = "{route: {receiver: all, group_wait: 0s, group_by: [kind]}, receivers: [{name: all}]}"


def test_an_alertmanager_calls_the_receiver() -> None:
    with alertmanager.receiver() as receiver:
        config = ROUTES.replace("{name: all}", f"{{name: all, webhook_configs: [{{url: '{receiver.url}/desk'}}]}}")
        with alertmanager.running(config) as manager:
            manager.send({"labels": {"alertname": "A", "kind": "k"}, "annotations": {"summary": "words"}})
            manager.wait_for(lambda: receiver.calls)
            assert [alert["status"]["state"] for alert in manager.alerts(filter='kind="k"')] == ["active"]
    ((path, body, _),) = receiver.calls
    assert (path, body["status"], body["groupLabels"]) == ("/desk", "firing", {"kind": "k"})


def test_one_that_cannot_start_says_why() -> None:
    with pytest.raises(served.ServedFailed, match="undefined receiver"), alertmanager.running("{route: {receiver: x}}"):
        pass


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    debian.need("prometheus")
    command = [sys.executable, "-c", STARTS_AND_DIES, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    pid, end = int(done.stdout), time.monotonic() + 10
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(pid)


def test_what_cannot_be_had_skips_a_test_and_fails_it_in_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PORTALWATCH_TEST_CACHE", str(tmp_path))
    debian.why_not.cache_clear()
    try:
        monkeypatch.delenv("CI", raising=False)
        with pytest.raises(pytest.skip.Exception, match="install prometheus-alertmanager"):
            debian.need("amtool")
        monkeypatch.setenv("CI", "1")
        with pytest.raises(pytest.fail.Exception, match="install prometheus-alertmanager"):
            debian.need("amtool")
    finally:
        debian.why_not.cache_clear()
