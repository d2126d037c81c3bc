"""Print the part of requirements.lock that an image needs: `locked.py run` or `locked.py build`.

Theory of operation. The lock has everything, tests and tools too, each pinned and with its hashes; under each stands
who asked for it (`# via`). So what is needed to run is what pyproject.toml names as dependencies, and whatever one of
those asked for, and so on; to build, what `[build-system]` names. Entries are printed as they stand, so pip checks the
same hashes. Nothing is resolved anew, and the standard library is enough. LookupError if the lock lacks a package.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

PROJECT = "pyproject.toml"
LOCK = "requirements.lock"


def main(what: str) -> None:
    """Write the part for `run` or `build`; the lock and the project are those of the working folder."""
    project = tomllib.loads(Path(PROJECT).read_text(encoding="utf-8"))
    asked = {"run": project["project"]["dependencies"], "build": project["build-system"]["requires"]}[what]
    sys.stdout.write(part(Path(LOCK).read_text(encoding="utf-8"), asked))


def part(lock: str, asked: Iterable[str]) -> str:
    """The entries of `lock` for these requirements and all that they asked for, in the lock's order."""
    entries = {name_of(text): text for text in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]}
    wanted = {name_of(each) for each in asked}
    if missing := sorted(wanted - entries.keys()):
        raise LookupError(f"{LOCK} lacks {', '.join(missing)}: `make lock` writes it anew")
    while more := {name for name, text in entries.items() if name not in wanted and via(text) & wanted}:
        wanted |= more
    return "".join(text for name, text in entries.items() if name in wanted)


def name_of(requirement: str) -> str:
    """The normal form of a requirement's name: `Ruamel_YAML>=1` is `ruamel-yaml`."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", match[0].lower()) if match else ""


def via(entry: str) -> set[str]:
    """Who asked for the package of an entry: what stands in its comments, on `# via` itself or on the lines below."""
    comments = re.findall(r"^ +# +(?:via +)?(\S+)", entry, re.MULTILINE)
    return {name_of(word) for word in comments} - {"via"}


if __name__ == "__main__":
    main(*sys.argv[1:])
