"""The probe: what it asks, what it says, how it ends."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deploy.container import probe
from tests.child import free_port
from tests.deploy.manifests import PROBE


class Page(BaseHTTPRequestHandler):
    """Well at `/healthz`, not ready at `/readyz`."""

    def do_GET(self) -> None:
        body = b'{"ready": false, "why": "partition 3 is being recovered"}'
        self.send_response(200 if self.path == "/healthz" else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing."""


@contextmanager
def serving() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def run(path: str, port: int | str) -> tuple[int, str]:
    """As a container does: nothing of Python's environment, and the port in the setting."""
    command = [sys.executable, "-I", str(PROBE), path]
    environment = {"PORTALWATCH_WEB_PORT": str(port)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_it_succeeds_only_where_the_answer_is_200_and_shows_the_reason() -> None:
    with serving() as port:
        assert run("/healthz", port)[0] == 0
        status, said = run("/readyz", port)
    assert status == 1
    assert "503" in said
    assert "partition 3 is being recovered" in said


def test_without_an_answer_it_fails_and_names_the_port() -> None:
    port = free_port()
    status, said = run("/healthz", port)
    assert (status, said.startswith(f"no answer on port {port}")) == (1, True)


def test_it_gives_up_on_one_that_accepts_and_is_silent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(probe, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("PORTALWATCH_WEB_PORT", str(silent.getsockname()[1]))
        assert probe.main("/healthz") == 1
    assert "no answer" in capsys.readouterr().out


def test_its_port_is_the_settings_default(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def refused(_: str, port: int, timeout: float) -> object:
        asked.append(port)
        raise ConnectionRefusedError

    monkeypatch.setattr("http.client.HTTPConnection", refused)
    for text in (None, ""):
        if text is None:
            monkeypatch.delenv("PORTALWATCH_WEB_PORT", raising=False)
        else:
            monkeypatch.setenv("PORTALWATCH_WEB_PORT", text)
        with pytest.raises(ConnectionRefusedError):
            probe.main("/healthz")
    assert asked == [6066, 6066]
