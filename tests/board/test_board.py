"""What staff do on the board, in Chromium against a live worker on a real broker."""

from __future__ import annotations

import time

from playwright.sync_api import Page, expect

from tests.board.conftest import Enter
from tests.board.live import ACTOR, HOUR, READER, Clinic
from tests.e2e.http import until

UNDO = "#toasts [data-undo]"
HELD_AFTER = 12_000


def row(page: Page, item: str, workflow: str = "message") -> str:
    return f'[id="r.{workflow}.{item}"]'


def shown(page: Page) -> list[str]:
    """The items in the list, from the top."""
    return [text.strip() for text in page.locator("#board .c-item").all_inner_texts()]


def verbs(ward: Clinic, *items: str) -> list[tuple[str, str]]:
    """What was done to these items: the verb and by whom."""
    found = [each for each in ward.commands() if each["subject"] in items]
    return [(each["type"].rpartition(".")[2], each["data"]["by"]) for each in found]


def test_a_link_with_a_token_is_enough_once(enter: Enter, ward: Clinic) -> None:
    page = enter(f"/#token={ACTOR}", token="", live=False)
    expect(page.locator("#s-live")).to_have_text("Live")
    assert page.url == f"{ward.url}/"
    assert "m-4801" in shown(page)
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    page.keyboard.press("?")
    page.click("#sign-out")
    expect(page.locator("h1")).to_have_text("Who are you?")
    assert page.context.cookies() == []


def test_nobody_sees_the_board_without_a_token_and_a_wrong_one_is_refused(enter: Enter) -> None:
    page = enter("/", token="", live=False)
    expect(page.locator("h1")).to_have_text("Who are you?")
    expect(page.locator("main")).to_contain_text("the portal office, extension 1234")
    page.fill("#token", "pw_wrong")
    page.click("text=Sign in")
    expect(page.locator("#why")).to_contain_text("not known")
    assert page.locator("#board").count() == 0


def test_the_status_line_and_the_order(enter: Enter) -> None:
    page = enter()
    expect(page.locator("#status")).to_contain_text(
        "Live · caught up · 1 of 1 worker · feeds ok · 10:".replace(" · ", "")
    )
    expect(page.locator("#s-clock")).to_have_text(page.locator("#s-clock").inner_text())
    assert page.locator("#s-clock").inner_text().endswith(" CST")
    lates = page.locator("#board tbody").evaluate_all(
        "all => all.map(body => [...body.querySelectorAll('.left[data-left]')].map(each => Number(each.dataset.left)))"
    )
    assert len(lates) == 4
    assert page.locator('#board tr.is-missed .left:text-matches(" late$")').count() == 3


def test_an_event_shows_within_a_second(enter: Enter, ward: Clinic) -> None:
    page = enter("/?department=imaging")
    took = []
    for number in range(3):
        item = f"live-{number}"
        ward.happens(item, "message.sent", 0, department="imaging", priority="urgent")
        ward.flush()
        begin = time.monotonic()
        page.wait_for_selector(row(page, item), state="attached", timeout=10_000)
        took.append(time.monotonic() - begin)
        time.sleep(1)
    assert min(took) < 1, took
    assert max(took) < 8, took


def test_take_and_undo(enter: Enter, ward: Clinic) -> None:
    ward.happens("take-1", "message.sent", 2 * HOUR, department="cardiology")
    ward.flush()
    page = enter("/?q=take-")
    owner = page.locator(f"{row(page, 'take-1')} .c-owner")
    expect(owner).to_have_text("nobody yet")
    page.click(f"{row(page, 'take-1')} [data-act=take]")
    expect(owner).to_contain_text("n.lee")
    assert page.evaluate("document.activeElement.dataset.act") == "take"  # focus is kept through the update
    assert verbs(ward, "take-1") == [("assigned", "n.lee")]
    page.click(UNDO)
    expect(owner).not_to_contain_text("n.lee")
    assert len(verbs(ward, "take-1")) == 2
    assert page.evaluate("document.activeElement.dataset.act") == "take"  # and goes back to where it was


def test_an_undo_at_once_waits_for_the_act(enter: Enter, ward: Clinic) -> None:
    ward.happens("quick-1", "message.sent", 2 * HOUR, department="cardiology")
    ward.flush()
    page = enter("/?q=quick-")
    page.keyboard.press("j")
    with page.expect_response("**/assign"):
        page.keyboard.press("t")
    page.wait_for_selector(UNDO)
    page.keyboard.press("u")
    until(lambda: len(verbs(ward, "quick-1")) == 2, 15)
    expect(page.locator(f"{row(page, 'quick-1')} .c-owner")).not_to_contain_text("n.lee")


def test_acknowledge_a_group_undo_it_and_mean_it(enter: Enter, ward: Clinic) -> None:
    items = [f"group-{number}" for number in range(3)]
    for item in items:
        ward.happens(item, "message.sent", 23.5 * HOUR, department="oncology")
    ward.flush()
    ward.firing(*items)
    page = enter("/?q=group-")
    page.click("[data-act=acknowledge-group]")
    expect(page.locator("#board .row.gone")).to_have_count(3)
    page.click(UNDO)
    expect(page.locator("#board .row.gone")).to_have_count(0)
    assert verbs(ward, *items) == []
    page.click("[data-act=acknowledge-group]")
    expect(page.locator("#board .row")).to_have_count(0, timeout=HELD_AFTER + 10_000)
    assert verbs(ward, *items) == [("acknowledged", "n.lee")] * 3
    expect(page.locator("#held > summary")).to_contain_text("3")
    page.click("#held > summary")
    expect(page.locator("#held .row").first).to_contain_text("acknowledged by n.lee until")


def test_who_leaves_the_page_has_acknowledged(enter: Enter, ward: Clinic) -> None:
    ward.happens("leave-1", "message.sent", 23.5 * HOUR, department="oncology")
    ward.flush()
    ward.firing("leave-1")
    page = enter("/?q=leave-")
    page.click("[data-act=acknowledge]")
    page.goto(f"{ward.url}/items/message/leave-1")
    until(lambda: verbs(ward, "leave-1") == [("acknowledged", "n.lee")], 10)


def test_snooze_by_menu_and_by_key_and_undo(enter: Enter, ward: Clinic) -> None:
    for item in ("snooze-1", "snooze-2"):
        ward.happens(item, "message.sent", 23 * HOUR, department="cardiology")
    ward.flush()
    ward.firing("snooze-1", "snooze-2")
    page = enter("/?q=snooze-")
    page.click(f"{row(page, 'snooze-1')} .more summary")
    page.click(f"{row(page, 'snooze-1')} [data-act=snooze]")
    page.mouse.click(5, 5)
    until(lambda: (ward.row("snooze-1") or {}).get("held_until"))
    page.click(UNDO)
    until(lambda: "held_until" not in (ward.row("snooze-1") or {"held_until": 1}))
    page.focus(f"{row(page, 'snooze-2')} a")
    page.keyboard.press("Shift+S")
    expect(page.locator(row(page, "snooze-2"))).to_have_count(0)
    page.click("#held > summary")
    expect(page.locator('[id="held.r.message.snooze-2"] .c-stage')).to_contain_text("snoozed until")


def test_the_counts_filter_and_the_way_back(enter: Enter) -> None:
    page = enter("/?department=cardiology")
    whole = shown(page)
    page.click("#c-missed")
    expect(page.locator("#c-missed")).to_have_attribute("aria-current", "true")
    expect(page.locator("#board .row")).to_have_count(int(page.locator("#c-missed .number").inner_text()))
    assert page.url.endswith("/?department=cardiology&state=missed")
    assert page.locator("#board .row:not(.is-missed)").count() == 0
    page.go_back()
    expect(page.locator("#board .row")).to_have_count(len(whole))
    page.fill("#q", "4835")
    page.press("#q", "Enter")
    expect(page.locator("#board .row")).to_have_count(1)
    assert shown(page) == ["m-4835"]


def test_by_keys_alone(enter: Enter, ward: Clinic) -> None:
    ward.happens("keys-1", "message.sent", 23.5 * HOUR, department="cardiology")
    ward.happens("keys-2", "message.sent", 23.4 * HOUR, department="cardiology")
    ward.flush()
    ward.firing("keys-1", "keys-2")
    page = enter("/?q=keys-")
    at = "document.activeElement.textContent"
    for key, item in (("j", "keys-1"), ("j", "keys-2"), ("j", "keys-2"), ("k", "keys-1")):
        page.keyboard.press(key)
        assert page.evaluate(at) == item
    page.keyboard.press("t")
    expect(page.locator(f"{row(page, 'keys-1')} .c-owner")).to_contain_text("n.lee")
    assert page.evaluate(at) == "keys-1"
    page.keyboard.press("u")
    expect(page.locator(f"{row(page, 'keys-1')} .c-owner")).not_to_contain_text("n.lee")
    page.keyboard.press("a")
    expect(page.locator(f"{row(page, 'keys-1')}.gone")).to_have_count(1)
    page.keyboard.press("u")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("?tjk")  # in a field keys are letters
    assert page.input_value("#q") == "?tjk"
    page.locator("#q").blur()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("j")
    assert page.evaluate(at) == "keys-1"
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Message keys-1")
    assert "acknowledged" not in dict(verbs(ward, "keys-1", "keys-2"))


def test_single_keys_can_be_turned_off(enter: Enter) -> None:
    page = enter()
    page.click("#keys")
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('.row')") is None


def test_who_may_only_read_is_told_whom_to_ask(enter: Enter) -> None:
    page = enter(token=READER)
    expect(page.locator("#rights")).to_have_text("kay may read, not act. Ask the portal office, extension 1234.")
    assert page.locator("[data-act=take], [data-act=acknowledge], [data-act=snooze]").count() == 0
    page.keyboard.press("j")
    page.keyboard.press("t")
    expect(page.locator(".toast")).to_contain_text("may read, not act")


def test_new_rows_wait_while_somebody_reads(enter: Enter, ward: Clinic) -> None:
    ward.happens("read-1", "message.sent", 2 * HOUR, department="cardiology")
    ward.happens("read-2", "message.sent", 1 * HOUR, department="cardiology")
    ward.flush()
    page = enter("/?q=read-")
    page.keyboard.press("j")
    ward.happens("read-0", "message.sent", 3 * HOUR, department="cardiology")
    ward.happens("read-2", "message.replied")
    ward.flush()
    expect(page.locator("#news")).to_have_text("1 new")
    assert shown(page) == ["read-1", "read-2"]
    expect(page.locator(f"{row(page, 'read-2')}.gone")).to_have_count(1)
    assert page.evaluate("document.activeElement.textContent") == "read-1"
    page.click("#news")
    expect(page.locator(row(page, "read-0"))).to_be_visible()
    assert shown(page) == ["read-0", "read-1"]
    expect(page.locator("#news")).to_be_hidden()


def test_an_act_is_repeated_under_one_key_when_the_worker_says_so(enter: Enter, ward: Clinic) -> None:
    ward.happens("again-1", "message.sent", HOUR, department="cardiology")
    ward.flush()
    page = enter("/?q=again-")
    keys: list[str] = []

    def busy(route, request) -> None:  # type: ignore[no-untyped-def]
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"detail": "moving"})
        else:
            route.continue_()

    page.route("**/assign", busy)
    page.click("[data-act=take]")
    expect(page.locator(f"{row(page, 'again-1')} .c-owner")).to_contain_text("n.lee")
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_an_item_tells_its_story_and_a_reference_leads_to_it(enter: Enter, ward: Clinic) -> None:
    found = ward.row("m-4801")
    assert found is not None
    page = enter(f"/refs/{found['ref']}")
    assert page.url == f"{ward.url}/items/message/m-4801"
    story = page.locator(".timeline").inner_text()
    for part in ("The patient wrote", "Due", "Now", "would tell cardiology-champion", "cardiology-oncall told"):
        assert part in story, story
    expect(page.locator(".words")).to_contain_text("4 business hours")
    expect(page.locator(".legend")).to_contain_text("counts: 4 h")
    ward.happens("m-4801", "message.assigned", owner="lin")
    ward.flush()
    expect(page.locator(".facts")).to_contain_text("lin")
    page.goto(f"{ward.url}/refs/000000000000")
    expect(page.locator("main")).to_contain_text("No item that you may see")
