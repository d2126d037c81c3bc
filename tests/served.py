"""A program that serves HTTP on loopback, for the length of a test: what Prometheus and Alertmanager have in common.

Theory of operation. A `tests.child`, its data in a folder of the test, that is asked over HTTP whether it is ready.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from tests import debian
from tests.child import Child

START_SECONDS = 30.0
WAIT_SECONDS = 30.0
Found = TypeVar("Found")
Kind = TypeVar("Kind", bound="Served")


class ServedFailed(RuntimeError):
    """The program did not start; the message has the end of its log."""


class Served(Child):
    """A running program. `stop` kills it at once; `restart` brings it back on its port, with its data."""

    PROGRAM: ClassVar[str]
    """Its name in `tests.debian`."""
    READY: ClassVar[str] = "/-/ready"

    def __init__(self, config: str | Path, folder: Path) -> None:
        """`config`: a file, or the text of one; `folder`: an empty one, for data and log."""
        super().__init__(self.PROGRAM, folder, ServedFailed)
        self.config = config.absolute() if isinstance(config, Path) else folder / "config.yml"
        if not isinstance(config, Path):
            self.config.write_text(config)

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://{self.address}"

    def arguments(self) -> list[str]:
        """The command's arguments, for the config, folder and port that are set."""
        raise NotImplementedError

    def start(self) -> None:
        """Start on a free port. ServedFailed after three tries."""
        self.try_ports(lambda _: self.restart())

    def restart(self) -> None:
        """Stop, if it runs, and start again on the same port with the same data."""
        program = debian.need(self.PROGRAM).absolute()
        # Beside the program, as `tests.debian` asks for.
        self.spawn([program, *self.arguments()], self._ready, START_SECONDS, cwd=program.parent)

    def get(self, path: str, **parameters: str) -> Any:
        """The JSON at a path of it. AssertionError with what it answers if that is an error."""
        return self._ask(path + ("?" + urllib.parse.urlencode(parameters) if parameters else ""))

    def post(self, path: str, value: Any) -> Any:
        """Post JSON; the JSON that it answers, None if that is empty. AssertionError if that is an error."""
        return self._ask(path, json.dumps(value).encode())

    def wait_for(self, find: Callable[[], Found], seconds: float = WAIT_SECONDS) -> Found:
        """The first true value that `find` gives. AssertionError with the end of the log after so many seconds."""
        end = time.monotonic() + seconds
        while not (found := find()):
            assert time.monotonic() < end, f"waited {seconds:.0f} s in vain, last for {found!r}\n{self.log()}"
            time.sleep(0.1)
        return found

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.code} for {path}: {error.read().decode(errors='replace')}") from None
        return json.loads(text) if text else None

    def _ready(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(self.url + self.READY, timeout=2) as answer:
            return bool(answer.status == 200)
        return False


@contextlib.contextmanager
def running(kind: type[Kind], config: str | Path) -> Iterator[Kind]:
    """Such a program for the length of a `with` block. Without it the test is skipped, or fails with CI set."""
    debian.need(kind.PROGRAM)
    folder = Path(tempfile.mkdtemp(prefix=f"portalwatch-{kind.PROGRAM}-"))
    served = kind(config, folder)
    try:
        served.start()
        yield served
    finally:
        served.stop()
        shutil.rmtree(folder, ignore_errors=True)
