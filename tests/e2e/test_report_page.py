"""The page of a report in a real browser: it asks for nothing, says nothing, fits the window, and can be read aloud."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests import chromium
from tests.unit.reporting.test_page import PAGE

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    with chromium.browser() as browser:
        yield browser


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "report.html").write_text(PAGE)
    return tmp_path / "report.html"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [chromium.DESKTOP, chromium.PHONE], ids=["desktop", "phone"])
def test_it_fits_and_axe_finds_nothing(running: Browser, page: Path, size: tuple[int, int], dark: bool) -> None:
    with chromium.opened(running, page, size, dark=dark) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") == size[0], "nothing sticks out"
        found = Axe().run(seen.page)
        assert found.violations_count == 0, found.generate_report()
        assert seen.problems == []
        assert seen.requests == [page.as_uri()]


def test_the_plots_have_a_size_and_colours_that_follow_the_scheme(running: Browser, page: Path) -> None:
    colours = []
    for dark in (False, True):
        with chromium.opened(running, page, dark=dark) as seen:
            for plot in seen.page.locator("svg").all():
                box = plot.bounding_box()
                assert box is not None
                assert box["width"] > 300
                assert box["height"] > 150
            bar = seen.page.locator("svg .bars rect").first
            colours.append(bar.evaluate("each => getComputedStyle(each).fill"))
    assert colours == ["rgb(11, 110, 153)", "rgb(88, 180, 224)"]


def test_on_paper_no_table_is_cut(running: Browser, page: Path) -> None:
    """A4 less its margins is 182 mm wide, 688 CSS pixels."""
    with chromium.opened(running, page, (688, 900), dark=True, media="print") as seen:
        widths = seen.page.locator("table").evaluate_all("all => all.map(each => each.getBoundingClientRect().right)")
        assert max(widths) <= 688
        assert seen.page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert seen.page.pdf(prefer_css_page_size=True).startswith(b"%PDF-")


def test_it_is_the_same_without_scripts(running: Browser, page: Path) -> None:
    pictures = []
    for scripts in (True, False):
        with chromium.opened(running, page, scripts=scripts) as seen:
            pictures.append(seen.page.screenshot())
    assert pictures[0].startswith(PNG)
    assert pictures[0] == pictures[1]


def test_what_a_console_says_is_a_problem(running: Browser, tmp_path: Path) -> None:
    """Of the helper itself: it tells of a script that fails, of an error that is logged, of what is not there."""
    page = tmp_path / "bad.html"
    page.write_text("<script>console.error('wrong'); undefined.x</script><img src='absent.png'>")
    with chromium.opened(running, page) as seen:
        told = "\n".join(seen.problems)
    assert "error: wrong" in told
    assert "raised: " in told
    assert "absent.png" in told
    with pytest.raises(AssertionError):
        chromium.screenshot(running, page)
    page.write_text("<p>well")
    assert chromium.screenshot(running, page).startswith(PNG)
