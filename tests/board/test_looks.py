"""How the board looks, and for whom: both themes, a phone, without a script, by assistive technology, 1,000 rows."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests import chromium
from tests.board.conftest import Enter, session
from tests.board.live import ACTOR, HOUR, Clinic

CONTRAST = 6
PAGES = ("/", "/items/message/m-4801", "/?state=missed", "/?workflow=result&department=oncology")
MANY = 1_000
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SMALL = """() => [...document.querySelectorAll("a, button, summary, input, select")].filter(each => {
  const box = each.getBoundingClientRect();
  return box.width && !each.matches(".skip, .check input") && (box.height < 43.5 || box.width < 43.5);
}).map(each => each.outerHTML.slice(0, 80))"""


def violations(page: Page) -> list[str]:
    """What axe finds, with the contrast of text raised to `CONTRAST`."""
    axe = Axe()
    page.evaluate(axe.axe_script)
    wanted = {"expected": CONTRAST}
    check = {"id": "color-contrast", "options": {"contrastRatio": {"normal": wanted, "large": wanted}}}
    page.evaluate("check => axe.configure({checks: [check]})", check)
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(document, options)", options)
    assert found["testEngine"]["name"] == "axe-core"
    return [f"{each['id']}: {node['html'][:120]} {node['failureSummary']}" for each in found["violations"]
            for node in each["nodes"]]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "dark", "paths"),
    [(chromium.DESKTOP, False, PAGES), (chromium.DESKTOP, True, PAGES[:2]), (chromium.PHONE, True, PAGES[:2])],
    ids=["desktop", "dark", "phone"],
)
def test_nothing_keeps_anybody_from_using_it(
    enter: Enter, size: tuple[int, int], paths: tuple[str, ...], *, dark: bool
) -> None:
    page = enter(size=size, dark=dark)
    for path in paths:
        page.goto(_at(page, path))
        page.wait_for_selector("#s-live.live")
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
        assert page.evaluate(SMALL) == [], path
    page.keyboard.press("?")
    assert violations(page) == []
    page.evaluate("document.querySelector('#help h2').style.color = '#888'")
    assert any(each.startswith("color-contrast") for each in violations(page))  # it would have seen


def _at(page: Page, path: str) -> str:
    return "/".join(page.url.split("/")[:3]) + path


def test_the_way_in_and_what_went_wrong_are_for_everyone_too(enter: Enter) -> None:
    page = enter("/", token="", size=chromium.PHONE, live=False)
    assert violations(page) == []
    page = enter("/?state=nonsense", live=False)
    expect(page.locator("main")).to_contain_text("State: give one or several")
    assert violations(page) == []


def test_the_theme_follows_the_device_and_a_switch_that_is_remembered(enter: Enter) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    assert enter(dark=True).evaluate(ground) == "rgb(13, 17, 23)"
    page = enter(dark=False)
    assert page.evaluate(ground) == "rgb(238, 241, 245)"
    page.click("#theme")
    assert page.evaluate(ground) == "rgb(13, 17, 23)"
    page.reload()
    assert page.evaluate(ground) == "rgb(13, 17, 23)"
    assert page.locator("html").get_attribute("data-theme") == "dark"  # said by the server: no flash of the other one


def test_it_reads_without_a_script_and_says_the_same(enter: Enter) -> None:
    plain, live = enter(scripts=False), enter()
    texts = "all => all.map(row => row.innerText.replace(/[0-9]+ s /, '').split('\\n')[0])"
    for page in (plain, live):
        expect(page.locator("#board .row").first).to_be_visible()
    assert plain.locator("#board .c-item").all_inner_texts() == live.locator("#board .c-item").all_inner_texts()
    assert plain.locator("#board .due").all_inner_texts() == live.locator("#board .due").all_inner_texts()
    assert plain.locator("#board .urgency").evaluate_all(texts) == live.locator("#board .urgency").evaluate_all(texts)
    expect(plain.locator("[data-act=take]").first).to_be_hidden()
    plain.click("#c-missed")
    expect(plain.locator("#board .row")).to_have_count(3)
    plain.click("#board .row a >> nth=0")
    expect(plain.locator(".timeline")).to_be_visible()
    plain.go_back()
    plain.click("#c-missed")
    plain.click("#resolved > summary")
    plain.click("#resolved a")
    expect(plain.locator("#resolved")).to_contain_text("m-9001")


def test_amounts_are_worded_alike_by_server_and_script(enter: Enter) -> None:
    from streams.board import words

    amounts = [0, 59.9, 60, 2280, 3599, 3600, 7800, 35_999, 36_000, 61_200, 172_799, 172_800, 191_000, 864_000]
    page = enter()
    source = f"/static/{page.locator('link[rel=stylesheet]').get_attribute('href').split('/')[2]}/words.js"  # type: ignore[union-attr]
    said = page.evaluate(
        "async ([source, amounts]) => { const { left } = await import(source);"
        " return amounts.flatMap(each => [left(each), left(-each - 1), left(each, true)]); }",
        [source, amounts],
    )
    assert said == [
        text for each in amounts for text in (words.left(each), words.left(-each - 1), words.left(each, elapsed=True))
    ]


def test_all_comes_from_here_and_is_kept(enter: Enter, ward: Clinic) -> None:
    page = enter(live=False)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_selector("#s-live.live")
    assert asked
    assert all(url.startswith(ward.url) for url in asked)
    sheet = next(url for url in asked if url.endswith("board.css"))
    with urllib.request.urlopen(sheet, timeout=15) as answer:
        assert "immutable" in answer.headers["Cache-Control"]
        tag = answer.headers["ETag"]
    request = urllib.request.Request(sheet, headers={"If-None-Match": tag})
    with pytest.raises(urllib.error.HTTPError) as same:
        urllib.request.urlopen(request, timeout=15)
    assert same.value.code == 304
    html = page.content()
    assert "<style" not in html
    assert " style=" not in html


def test_a_thousand_rows_stay_usable(enter: Enter, ward: Clinic) -> None:
    for number in range(MANY):
        ward.happens(f"many-{number}", "message.sent", 3 * HOUR + 60 * (number % 60), department="imaging")
    ward.flush()
    cookie = session(ward, ACTOR)
    end = time.monotonic() + 60
    while True:
        address = f"{ward.url}/api/items?q=many-&limit=0"
        with urllib.request.urlopen(urllib.request.Request(address, headers={"Cookie": cookie}), timeout=15) as answer:
            if json.load(answer)["total"] == MANY:
                break
        assert time.monotonic() < end
        time.sleep(0.2)
    page = enter("/?q=many-", live=False)
    page.wait_for_selector("#board .row")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert paint < 5_000, paint
    expect(page.locator("#board .row")).to_have_count(50)
    expect(page.locator("#more")).to_have_text("+ 950 more")
    page.click("#more")
    expect(page.locator("#board .row")).to_have_count(100)
    expect(page.locator("#more")).to_have_text("+ 900 more")
    begin = time.monotonic()
    page.fill("#q", "many-777")
    page.press("#q", "Enter")
    expect(page.locator("#board .row")).to_have_count(1)
    assert time.monotonic() - begin < 10
