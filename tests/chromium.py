"""Debian's Chromium, driven by Playwright: a page as a person sees it, and what its console says.

Theory of operation. Playwright brings no browser of its own here (it would download one); it drives the `chromium` of
the PATH, which is installed by apt-get where it is missing and we may. What the page says on its console as a warning
or an error, what it raises, and what it asks for and does not get are its problems. A thread has one `browser` at a
time, and no asyncio loop beside it: give it to tests as a fixture of their module.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKAGE = "chromium"
DESKTOP, PHONE = (1280, 900), (360, 740)
"""Width and height in CSS pixels."""


class Opened(NamedTuple):
    """A page that is open; both lists grow while it is."""

    page: Page
    problems: list[str]
    requests: list[str]
    """Every address that it asked for, its own included."""


def path() -> str | None:
    """The program, if it is at hand."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@functools.cache
def why_not() -> str | None:
    """Install it where it is missing and we may; None if it is at hand, else in one line why it is not."""
    if path() is not None:
        return None
    command = f"apt-get install {PACKAGE}"
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return f"not root on a Debian; do by hand what does `{command}`"
    for step in (["update"], ["install", "--yes", "--no-install-recommends", PACKAGE]):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        waiting = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
        done = subprocess.run([*waiting, *step], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"`{command}` failed: {' '.join(done.stderr.split())[-300:]}"
    return None if path() else f"`{command}` brought no {PACKAGE}"


@contextmanager
def browser() -> Iterator[Browser]:
    """A running browser; without one the test that asks is skipped or, with CI set, fails."""
    if reason := why_not():
        (pytest.fail if "CI" in os.environ else pytest.skip)(f"Chromium is missing: {reason}")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path(), args=["--disable-gpu"])
        try:
            yield running
        finally:
            running.close()


@contextmanager
def opened(
    running: Browser, where: str | Path, size: tuple[int, int] = DESKTOP, *, dark: bool = False,
    media: Literal["screen", "print"] = "screen", scripts: bool = True,
) -> Iterator[Opened]:  # fmt: skip
    """A page once it is loaded.

    Args:
        where: a URL, or a file.
        size: of the window, in CSS pixels.
        scripts: whether it may run any.
    """
    context = running.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light",
        java_script_enabled=scripts, locale="en-GB", timezone_id="UTC",
    )  # fmt: skip
    try:
        seen = Opened(context.new_page(), [], [])
        seen.page.emulate_media(media=media)
        seen.page.on("console", lambda said: _note(seen, said.type, said.text))
        seen.page.on("pageerror", lambda error: seen.problems.append(f"raised: {error}"))
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.on("requestfailed", lambda request: seen.problems.append(f"not got: {request.url}"))
        seen.page.goto(where.absolute().as_uri() if isinstance(where, Path) else where)
        yield seen
    finally:
        context.close()


def _note(seen: Opened, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        seen.problems.append(f"{kind}: {text}")


def screenshot(
    running: Browser, where: str | Path, size: tuple[int, int] = DESKTOP, *, dark: bool = False,
    media: Literal["screen", "print"] = "screen",
) -> bytes:  # fmt: skip
    """The whole page as PNG, as long as it is. AssertionError if it has problems."""
    with opened(running, where, size, dark=dark, media=media) as seen:
        picture = seen.page.screenshot(full_page=True)
        assert seen.problems == []
        return picture
