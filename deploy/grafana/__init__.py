"""Three Grafana dashboards as code: on call now, the committee's scorecard, Portalwatch itself.

Theory of operation. `oncall`, `scorecard` and `itself` each say what their dashboard shows, with the constructors of
`panels`, in the colours of `colours`, within the frame of `frame` (variables, links). What they give is built by
Grafana's own SDK and written by `python -m deploy.grafana` to `dashboards/`, the files that Grafana reads; a test holds
the files to the code. Change the code, not the files.

The queries. Every worker tells of the partitions that it owns, so gauges are summed over workers, but for those that
more than one may tell of: of these the greatest counts (a feed's last event) or the least (the oldest item). Counters
are made rates worker by worker and summed then. How benchmarks are kept comes from the recording rules of
`deploy/prometheus/rules/kept.yml`. Nothing divides by a number that may be 0.
"""

from __future__ import annotations

import importlib
import warnings

with warnings.catch_warnings():
    # The SDK would rather have the second form of a dashboard, which Grafana before 12 cannot read.
    warnings.simplefilter("ignore", DeprecationWarning)
    for part in ("dashboard", "stat"):
        importlib.import_module(f"grafana_foundation_sdk.builders.{part}")
