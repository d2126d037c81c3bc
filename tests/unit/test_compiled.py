"""The core as machine code: what is compiled, what is stale, and the core's own tests on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from streams import compiled

REPOSITORY = Path(compiled.__file__).parent.parent
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None and shutil.which("gcc") is None, reason="no C compiler")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The sources alone, to be compiled where nobody else loads them."""
    for name in ("schemas", "streams", "agents"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("*.so", "compiled.json"))
    return tmp_path


def test_what_msgspec_reads_stays_python() -> None:
    chosen = compiled.sources()
    assert {"streams/core/engine.py", "streams/core/effects.py", "schemas/instants.py"} <= set(chosen)
    assert {"schemas/events.py", "streams/runtime/slices.py", "streams/intake.py"} <= set(chosen)
    assert not {f"streams/core/{name}.py" for name in ("kept", "shares", "routing")} & set(chosen)
    assert "schemas/entries.py" not in chosen


def test_nothing_is_compiled_unless_asked_for(copied: Path) -> None:
    assert compiled.state(copied) == compiled.PYTHON


def test_code_that_nobody_knows_of_is_stale(copied: Path) -> None:
    made = copied / f"streams/core/fold{compiled.SUFFIX}"
    made.write_bytes(b"")
    with pytest.raises(compiled.StaleError, match="compile it again"):
        compiled.state(copied)
    compiled.remove(copied)
    assert not made.exists()
    assert compiled.state(copied) == compiled.PYTHON


@needs_compiler
@pytest.mark.timeout(600)
def test_the_core_s_own_tests_pass_on_it(copied: Path) -> None:
    """Same source, same tests; how far the C compiler goes changes nothing of what mypyc makes."""
    environment = os.environ | {"PYTHONPATH": str(copied), "PYTHONDONTWRITEBYTECODE": "1"}
    made = _run(["-m", "streams.compiled", "--optimise", "0"], copied, environment)
    assert made.returncode == 0, made.stdout + made.stderr
    for name in ("tests", "deploy/policies"):
        shutil.copytree(REPOSITORY / name, copied / name)
    shutil.copy(REPOSITORY / "pyproject.toml", copied)
    loaded = "import streams.core.engine as engine, streams.core.fold as fold; print(engine.__file__, fold.__file__)"
    told = _run(["-c", loaded], copied, environment).stdout.split()
    assert len(told) == 2
    assert all(each.startswith(str(copied)) and each.endswith(compiled.SUFFIX) for each in told)
    core = [f"tests/unit/core/{each.name}" for each in (copied / "tests/unit/core").glob("test_*.py")]
    chosen = [each for each in core if "explain" not in each and "findings" not in each]
    chosen += [f"tests/unit/{name}.py" for name in ("schemas/test_events", "schemas/test_instants", "test_intake")]
    tests = ["-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *chosen, "tests/contract"]
    ran = _run(tests, copied, environment)
    assert ran.returncode == 0, ran.stdout[-4_000:]
    assert compiled.state(copied) == compiled.COMPILED
    stale = ("streams/core/fold.py", "streams/core/shares.py", "schemas/policy.py", "streams/intake.py")
    for name in stale:  # two of them stay Python
        source = copied / name
        text = source.read_text()
        source.write_text(text + "\n# changed\n")
        with pytest.raises(compiled.StaleError):
            compiled.state(copied)
        source.write_text(text)


def _run(arguments: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
