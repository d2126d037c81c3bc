"""`python -m deploy.grafana [--runbook URL] [--into FOLDER]`: write the dashboards as Grafana reads them."""

from __future__ import annotations

import argparse
from pathlib import Path

from deploy.grafana.build import FOLDER, texts
from deploy.grafana.frame import RUNBOOK


def main() -> None:
    """Write one file for each dashboard, and say which."""
    parser = argparse.ArgumentParser(prog="python -m deploy.grafana", description="Write the dashboards for Grafana.")
    parser.add_argument(
        "--runbook", default=RUNBOOK, metavar="URL", help="where the runbook stands (default: %(default)s)"
    )
    parser.add_argument("--into", default=FOLDER, type=Path, metavar="FOLDER", help="where to (default: %(default)s)")
    given = parser.parse_args()
    for name, text in texts(given.runbook).items():
        path = given.into / name
        path.write_text(text, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
