"""The sink `alertmanager` in the failure matrix: a real Alertmanager behind a proxy that misbehaves.

Theory of operation. Alertmanager puts each alert in a group of its own and tells a webhook of it, so what people would
be called for can be counted: an alert that is told twice as firing is doubled, one that is told as over while it stands
open is a false end. Lost is what stands open and does not fire within `BOUND` of the fault's end, and what is over and
fires still. The summary names the item (`detail = "full"`), which is how an alert is known again.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from schemas.alerts import RESOLVED
from tests import alertmanager, child
from tests.delivery.rows import RESTARTED, Count, Said

BOUND = 20.0
"""Seconds after a fault in which all that stands open has to fire."""
ITEM = re.compile(r"\((m-[0-9]+-[0-9]+),")
SINK = """
[alertmanager.alertmanager]
urls = ["http://127.0.0.1:{port}"]
resend = "2 seconds"
ends_after = "30 seconds"
resolved_for = "90 seconds"
timeout = "1 second"
detail = "full"
"""
TAKES = ("none", "cuts", RESTARTED)
"""What the proxy does, in which requests go on to Alertmanager."""


class Proxy(ThreadingHTTPServer):
    """Listens on its port until closed.

    `mode`: one of `rows.RECEIVER`. `passed`: UNIX seconds and body of what went on to Alertmanager.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, behind: int, passed: list[tuple[float, bytes]]) -> None:
        self.behind, self.mode = behind, "none"
        self.passed = passed
        self.healed = threading.Event()
        self.closed = False
        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections from now on."""
        self.closed = True
        self.healed.set()
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One request for each connection."""

    server: Proxy

    def do_POST(self) -> None:
        proxy, mode = self.server, self.server.mode
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if mode == "hangs":
            proxy.healed.wait(5)
            return
        if proxy.closed:
            return
        status = self._pass_on(body) if mode in TAKES else int(mode)
        if mode == "cuts":
            self.wfile.write(b"HTTP/1.1 20")
            return
        self.send_response(status)
        if mode == "429":
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _pass_on(self, body: bytes) -> int:
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=10)
        self.server.passed.append((time.time(), body))
        try:
            behind.request("POST", self.path, body, {"Content-Type": self.headers["Content-Type"]})
            return behind.getresponse().status
        except OSError:
            return 502
        finally:
            behind.close()

    def log_message(self, *_: Any) -> None:
        """Silence."""


class AlertmanagerRow:
    """The sink `alertmanager`. It has no state of a receiver's that ends for good, so it does not meet `410`."""

    name = "alertmanager"
    faults: Sequence[str] = (
        "none", "refuses", "503", "429", "hangs", "cuts", "400", RESTARTED, "killed", "moves", "stopped", "broker",
    )  # fmt: skip

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._port = child.free_port()
        self._passed: list[tuple[float, bytes]] = []
        self._unshown: set[str] = set()
        """Items that stood open and did not fire."""
        self._ended: set[str] = set()
        """Items that stood open and were told as over."""

    def start(self, folder: Path) -> str:
        self._hook = self._stack.enter_context(alertmanager.receiver())
        each = {"receiver": "hook", "group_by": ["..."], "group_wait": "100ms", "group_interval": "1s"}
        config = {
            "route": {**each, "repeat_interval": "4h"},
            "receivers": [{"name": "hook", "webhook_configs": [{"url": self._hook.url, "send_resolved": True}]}],
        }
        self._manager = self._stack.enter_context(alertmanager.running(json.dumps(config)))
        self._proxy = Proxy(self._port, self._manager.port, self._passed)
        return SINK.format(port=self._port)

    def stop(self) -> None:
        self._proxy.close()
        self._stack.close()

    def misbehave(self, how: str) -> None:
        self._proxy.healed.clear()
        self._proxy.mode = how
        if how == "refuses":
            self._proxy.close()
        elif how == RESTARTED:
            self._manager.finish()

    def behave(self) -> None:
        if self._proxy.mode == RESTARTED:
            self._manager.restart()
        if self._proxy.closed:
            self._proxy = Proxy(self._port, self._manager.port, self._passed)
        self._proxy.mode = "none"
        self._proxy.healed.set()

    def stands(self, items: Sequence[str]) -> None:
        end = time.monotonic() + BOUND
        while (missing := set(items) - self._firing()) and time.monotonic() < end:
            time.sleep(0.1)
        self._unshown |= missing
        self._ended |= set(items) & self._told("resolved").keys()

    def count(self, said: Said) -> Count:
        items = {each["subject"] for each in said}
        over = {each["subject"] for each in said if each["type"] == RESOLVED}
        told, firing = self._told("firing"), self._firing()
        lost = len(items & self._unshown) + len(over & firing) + len((items - over) - firing)
        doubled = sum(max(0, told[item] - 1) for item in items)
        return Count(len(said), lost, doubled, 0, 0, len(items & self._ended))

    def history(self, said: Said) -> str:
        items = {each["subject"] for each in said}
        told = self._told("firing")
        doubled = {item for item in items if told[item] > 1}
        lines = [f"{at:.3f} {item} told: {what}" for item, what, at in self._notified() if item in doubled]
        for at, body in self._passed if doubled else ():
            for each in json.loads(body):
                item = ITEM.findall(each["annotations"]["summary"])[0]
                if item in doubled:
                    lines.append(f"{at:.3f} {item} posted: {each['startsAt']} to {each['endsAt']}")
        return "\n".join(sorted(lines))

    def _firing(self) -> set[str]:
        return {ITEM.findall(each["annotations"]["summary"])[0] for each in self._manager.alerts()}

    def _told(self, status: str) -> Counter[str]:
        """How often each item was told to be so. An alert is alone in its group: one notification is of one alert."""
        return Counter(item for item, told, _ in self._notified() if told == status)

    def _notified(self) -> Iterator[tuple[str, str, float]]:
        """Of each notification the item, the status and the UNIX seconds of its arrival."""
        for call in list(self._hook.calls):
            for each in call.body["alerts"]:
                item: str = ITEM.findall(each["annotations"]["summary"])[0]
                yield item, call.body["status"], call.at
