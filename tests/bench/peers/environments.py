"""An environment for each peer, made when first needed and kept under `.cache/bench/`.

Theory of operation. A Python environment is made by `python -m venv` and pip, with an interpreter that the peer has
wheels for: this one, if it is not too new, else the first of that kind on the path that runs. The Java program is built
by Maven, from a copy of its folder. A stamp holds what an environment was made from; another content, or none, and it
is made anew. What cannot be had raises `Missing`, whose message becomes the peer's row.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from streams import compiled
from tests import provide

FOLDER: Final = Path(".cache/bench")
PROGRAMS: Final = Path(__file__).parent / "programs"
MINUTES: Final = 10
"""So long may a step take."""


class Missing(RuntimeError):
    """A peer that cannot be installed or run here; the message says why, in one line."""


def python(name: str, packages: Sequence[str], newest: tuple[int, int]) -> Path:
    """The interpreter of a peer's environment: it has these packages, and is no newer than `newest`."""
    home = (FOLDER / name).absolute()
    wanted = "\n".join(packages)
    if not _is_made(home, wanted):
        interpreter = _interpreter(newest)
        shutil.rmtree(home, ignore_errors=True)
        _do([interpreter, "-m", "venv", str(home)], "a virtual environment could not be made")
        pip: list[str | Path] = [home / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _do([*pip, *packages], f"pip could not install {', '.join(packages)}")
        (home / "made").write_text(wanted)
    return home / "bin/python"


def _interpreter(newest: tuple[int, int]) -> str:
    """A Python from 3.11 up to this one. Missing, if there is none."""
    for command in (sys.executable, *(f"python3.{minor}" for minor in range(newest[1], 10, -1))):
        code = "import sys; print(*sys.version_info[:2])"
        try:
            told = subprocess.run([command, "-c", code], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            continue
        if (3, 11) <= tuple(int(part) for part in told.split()) <= newest:
            return command
    raise Missing(f"needs Python 3.11 to {newest[0]}.{newest[1]}, and there is none on the path")


def kafka_streams() -> list[str]:
    """The Java command that runs the Kafka Streams program, without options."""
    source, home = PROGRAMS / "kafka_streams", (FOLDER / "kafka-streams").absolute()
    wanted = "\n".join(path.read_text() for path in sorted(source.rglob("*")) if path.is_file())
    if not _is_made(home, wanted):
        if failure := provide.install({"mvn": "maven", "javac": "default-jdk-headless"}):
            raise Missing(f"Maven or the Java compiler is missing: {failure}")
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(source, home)
        goals = ["package", "dependency:copy-dependencies", "-DincludeScope=runtime"]
        _do(["mvn", "-q", "-B", "-f", home / "pom.xml", *goals], "Maven could not build it")
        (home / "made").write_text(wanted)
    return ["java", "-cp", os.pathsep.join([f"{home}/target/classes", f"{home}/target/dependency/*"]), "peer.Peer"]


def versions(interpreter: Path, names: Sequence[str]) -> Iterator[str]:
    """`name version` of each of these packages, and the interpreter's."""
    code = (
        "import sys; from importlib.metadata import version; "
        "print('Python ' + sys.version.split()[0], *(f'{name} {version(name)}' for name in sys.argv[1:]), sep='\\n')"
    )
    told = subprocess.run([interpreter, "-c", code, *names], capture_output=True, text=True, check=True)
    yield from told.stdout.splitlines()


def _is_made(home: Path, wanted: str) -> bool:
    stamp = home / "made"
    return stamp.is_file() and stamp.read_text() == wanted


def _do(command: Sequence[str | Path], failure: str, cwd: Path | None = None) -> None:
    print(f"+ {' '.join(str(part) for part in command)}", file=sys.stderr, flush=True)
    try:
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=60 * MINUTES, cwd=cwd)
    except subprocess.CalledProcessError as error:
        last = " ".join((error.stderr or error.stdout).split())[-300:]
        raise Missing(f"{failure}: {last}") from None
    except subprocess.TimeoutExpired:
        raise Missing(f"{failure} in {MINUTES} minutes") from None


def compiled_core() -> Path:
    """A copy of the program whose core is machine code; its own folder, so that nobody else loads it."""
    home, root = (FOLDER / "compiled").absolute(), Path(compiled.__file__).parent.parent
    names = ("agents", "schemas", "streams")
    wanted = "\n".join(
        f"{each.relative_to(root)} {hashlib.sha256(each.read_bytes()).hexdigest()}"
        for name in names
        for each in sorted((root / name).rglob("*.py"))
    )
    if not _is_made(home, wanted):
        shutil.rmtree(home, ignore_errors=True)
        for name in names:
            shutil.copytree(root / name, home / name, ignore=shutil.ignore_patterns("*.so", "compiled.json"))
        _do([sys.executable, "-m", "streams.compiled"], "the core could not be compiled", cwd=home)
        (home / "made").write_text(wanted)
    return home
