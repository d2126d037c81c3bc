"""A real Prometheus for a test (its life: `tests.served`)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from tests import served


class Sample(NamedTuple):
    """One series of an answer, at one time."""

    labels: dict[str, str]
    value: float
    at: float
    """UNIX seconds."""


class Prometheus(served.Served):
    """A running Prometheus."""

    PROGRAM = "prometheus"

    def arguments(self) -> list[str]:
        """Its data in the test's folder, its server on loopback; what fires is told every second, not every minute."""
        return [
            f"--config.file={self.config}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address={self.address}",
            "--web.enable-lifecycle",
            "--rules.alert.resend-delay=1s",
        ]

    def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """What an instant query gives, at this time (UNIX seconds) or now. AssertionError if it is refused."""
        when = {} if at is None else {"time": f"{at:.3f}"}
        data = self.get("/api/v1/query", query=expression, **when)["data"]
        if data["resultType"] == "scalar":
            return [Sample({}, float(data["result"][1]), data["result"][0])]
        assert data["resultType"] == "vector", f"{expression} gives a {data['resultType']}"
        return [Sample(each["metric"], float(each["value"][1]), each["value"][0]) for each in data["result"]]

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[list[Sample]]:
        """What a range query gives, by series; times in UNIX seconds."""
        span = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        data = self.get("/api/v1/query_range", query=expression, **span)["data"]
        return [[Sample(each["metric"], float(v), t) for t, v in each["values"]] for each in data["result"]]

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts of its rules that are pending or firing."""
        found: list[dict[str, Any]] = self.get("/api/v1/alerts")["data"]["alerts"]
        return found

    def wait_scraped(self, count: int = 1) -> None:
        """Until so many targets are up."""
        self.wait_for(lambda: sum(sample.value for sample in self.query("sum(up)")) >= count)


def running(config: str | Path) -> AbstractContextManager[Prometheus]:
    """A Prometheus with this config (a file, or its text; `config` makes one) for the length of a `with` block."""
    return served.running(Prometheus, config)


def config(
    targets: Iterable[str], rules: Iterable[Path] = (), alertmanagers: Iterable[str] = (), interval: str = "1s"
) -> str:
    """A configuration that scrapes these `HOST:PORT`, as the job `portalwatch`, and judges these files of rules."""
    managers = [{"static_configs": [{"targets": list(alertmanagers)}]}]
    return json.dumps(
        {
            "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
            "rule_files": [str(path.absolute()) for path in rules],
            "alerting": {"alertmanagers": managers},
            "scrape_configs": [{"job_name": "portalwatch", "static_configs": [{"targets": list(targets)}]}],
        }
    )
