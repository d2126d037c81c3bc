"""The demo's screen: from what is known to a rich renderable of exactly the given size. Pure.

Theory of operation. Top to bottom: two lines of header (what this is; the clinic's clock and whether it is open), the
table of what is pending, what is due next, the alerts, one line of footer. Everything but the alerts has a height that
is known; the alerts get what is left. From `LONG` columns on an alert takes one line instead of two, from `WIDE` on
pending and due next stand side by side; from `TALL` lines on each department is followed by its workflows. Urgency is
always an icon and a word, colour comes on top.
"""

from __future__ import annotations

from typing import Final

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from schemas.policy import UNASSIGNED, WORKFLOWS
from streams.core.book import Book
from streams.core.calendars import Calendar
from streams.core.routing import Routing
from streams.demo import hours, sentences
from streams.demo.board import STATES, Board, Due, Entry, rate, recent, totals

LONG, WIDE, PENDING_WIDTH = 110, 136, 86
ROOMY, TALL = 32, 42
BAR: Final = 12
FRESH: Final = 3.0
"""Seconds of the wall for which an alert has just come."""
STYLES: Final = {"missed": "bold red", "due_soon": "yellow", "on_time": "green", "paused": "bright_black"}
ICONS: Final = {"missed": "■", "due_soon": "▲", "on_time": "●", "paused": "‖"}
WORDS: Final = {"missed": "missed", "due_soon": "due soon", "on_time": "on time", "paused": "paused"}
SHADES: Final = {"missed": "█", "due_soon": "▓", "on_time": "▒", "paused": "░"}
BADGES: Final = {
    hours.OPEN: "bold black on green",
    hours.LUNCH: "bold black on yellow",
    hours.CLOSED: "bold white on blue",
    hours.HOLIDAY: "bold white on magenta",
}
SEVERITIES: Final = {"critical": ("■", "bold red"), "warning": ("▲", "yellow")}
NOTICE: Final = ("●", "cyan")


def render(
    board: Board, book: Book, *, now: int, at: float, speed: float, url: str, width: int, height: int
) -> RenderableType:
    """The whole screen, at most `width` columns and `height` lines, from 80x24 on.

    Args:
        now: of the clinic's clock, microseconds.
        at: seconds of the clock that `board.take_sent` was told.
        speed: how many times the clinic's clock is faster.
        url: where the worker is to be seen.
    """
    middle, used = _middle(board, book, now, width, height)
    lines = max(2, height - used - 5)  # header, the border of the alerts, footer
    return Group(
        _title(board, at, speed, width),
        _clock(_calendar(book, None), now, width),
        *middle,
        _alerts(board, book, now, speed, lines, long=width >= LONG),
        _footer(board, url, width),
    )


def _middle(board: Board, book: Book, now: int, width: int, height: int) -> tuple[list[RenderableType], int]:
    """What is pending and what is due next, and how many lines that takes."""
    departments, detail = _departments(board, book), height >= TALL
    rows = len(departments) + (len(departments) - 1) * (len(WORKFLOWS) if detail else 0)
    pending = _pending(board, departments, detail=detail)
    if width < WIDE:
        lines = 3 if height < ROOMY else 6
        return [pending, _coming(board, book, now, lines)], rows + 3 + lines + 2
    beside = Table.grid(expand=True)
    beside.add_column(width=PENDING_WIDTH)
    beside.add_column(ratio=1)
    beside.add_row(pending, _coming(board, book, now, rows + 1))
    return [beside], rows + 3


def _calendar(book: Book, department: str | None) -> Calendar:
    name = book.department(Routing(department)).calendar or book.policy.defaults.calendar
    assert name is not None, "a policy without a default calendar is refused when it is read"
    return book.calendars[name]


def _departments(board: Board, book: Book) -> list[str]:
    """Those of the policy in its order, then the others of which something is pending."""
    found = {department for department, _, _ in board.pending}
    known = list(book.policy.departments)
    return known + sorted(found - set(known) - {UNASSIGNED}) + [UNASSIGNED]


def _ends(left: Text, right: Text) -> Table:
    """One line: something on the left, something on the right."""
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    line.add_column(no_wrap=True, justify="right")
    line.add_row(left, right)
    return line


def _title(board: Board, at: float, speed: float, width: int) -> Table:
    name = Text.assemble((" Portalwatch ", "bold white on dark_blue"), "  a simulated clinic, a real broker and worker")
    if width < 100:
        name = Text.assemble((" Portalwatch ", "bold white on dark_blue"), "  a simulated clinic")
    counted = Text(f"{board.events:,} events  {rate(board, at):4.1f}/s  {speed:g}\u00d7 time ", "cyan")
    return _ends(name, counted)


def _clock(calendar: Calendar, now: int, width: int) -> Table:
    found = hours.moment(calendar, now)
    badge = (f" {found.word.upper()} ", BADGES[found.word])
    left = Text.assemble((f" {hours.shown(calendar, now)}", "bold"), "  ", badge, f" {hours.described(calendar, now)}")
    quiet = found.word in (hours.CLOSED, hours.HOLIDAY)
    right = "nobody is called now " if quiet and width >= 90 else ""
    return _ends(left, Text(right, "italic bright_black"))


def _pending(board: Board, departments: list[str], *, detail: bool) -> Panel:
    table = Table(box=None, expand=True, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("department", no_wrap=True, min_width=17 if detail else 13, ratio=1)
    for state in STATES:
        table.add_column(Text(f"{ICONS[state]} {WORDS[state]}", STYLES[state]), justify="right", no_wrap=True)
    table.add_column("all", justify="right", no_wrap=True, min_width=3)
    table.add_column("", no_wrap=True, min_width=BAR, max_width=BAR)
    counted = {department: totals(board, department=department) for department in departments}
    most = max(1, *(sum(counts.values()) for counts in counted.values()))
    for department, counts in counted.items():
        table.add_row(Text(department, "bold" if detail else ""), *_counts(counts), _bar(counts, most))
        for workflow in WORKFLOWS if detail and department != UNASSIGNED else ():
            own = totals(board, department=department, workflow=workflow)
            table.add_row(Text(f"  {workflow}s", "bright_black"), *_counts(own), _bar(own, most))
    everything = sum(totals(board).values())
    title = f"[bold]pending[/] {everything}" + ("" if board.answers else " [red](the worker does not answer)[/]")
    return Panel(table, box=ROUNDED, title=title, title_align="left", border_style="bright_black", padding=(0, 1))


def _counts(counts: dict[str, int]) -> list[Text]:
    """A cell for each state, a dot for none, and one for the sum."""
    cells = [(counts[state], STYLES[state]) for state in STATES] + [(sum(counts.values()), "bold")]
    return [Text(str(count), style) if count else Text("·", "bright_black") for count, style in cells]


def _bar(counts: dict[str, int], most: int) -> Text:
    """The states as lengths, the most urgent first; what there is gets at least one cell."""
    bar = Text()
    for state in STATES:
        if counts[state]:
            bar.append(SHADES[state] * max(1, counts[state] * (BAR - len(STATES)) // most), STYLES[state])
    return bar


def _coming(board: Board, book: Book, now: int, lines: int) -> Panel:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    rows = [due for due in board.next if due.due > now][:lines]
    for due in rows:
        table.add_row(*_due_row(due, book, now))
    for _ in range(lines - len(rows)):
        table.add_row("", "", "")
    title = "[bold]due next[/] in open time"
    return Panel(table, box=ROUNDED, title=title, title_align="left", border_style="bright_black", padding=(0, 1))


def _due_row(due: Due, book: Book, now: int) -> tuple[Text, Text, Text]:
    left = _calendar(book, due.department).between(now, due.due)
    style = "bold red" if left < 3_600_000_000 else "yellow" if left < 4 * 3_600_000_000 else ""
    when = sentences.local(due.due, sentences.zone(book), now)
    return Text(f"{due.workflow} {due.item}, {due.department}"), Text(when), Text(f"{sentences.span(left)} left", style)


def _alerts(board: Board, book: Book, now: int, speed: float, lines: int, *, long: bool) -> Panel:
    per = 1 if long else 2
    rows: list[RenderableType] = []
    for entry in recent(board, lines // per):
        rows += _alert(entry, book, fresh=now - entry.at < FRESH * speed * 1e6, long=long)
    if not rows:
        rows.append(Text("none yet: the first comes soon after the clinic opens", "italic bright_black"))
    rows += [Text("")] * (lines - len(rows))
    title = f"[bold]alerts[/] {board.fired}, of which {board.fired - board.resolved} still fire"
    return Panel(
        Group(*rows), box=ROUNDED, title=title, title_align="left", border_style="bright_black", padding=(0, 1)
    )


def _alert(entry: Entry, book: Book, *, fresh: bool, long: bool) -> list[RenderableType]:
    """One line, or two where it is narrow; it stands out while it is fresh, and is dim once it has ended."""
    data = entry.data
    icon, style = SEVERITIES.get(data.severity or "", NOTICE)
    dim = "bright_black" if entry.ended else ""
    head = Text.assemble(
        (f"{sentences.wall(entry.at, sentences.zone(book)):%a %H:%M} ", "bright_black"),
        (f"{icon} {data.stage or data.state}", dim or (f"{style} reverse" if fresh else style)),
        (f" → {', '.join(data.recipients)}" if data.recipients else "", dim or "bold"),
    )
    end = Text(f"✓ {sentences.ending(book, entry.ended, entry.at)}", "green") if entry.ended else Text("")
    about = Text(sentences.about(book, data, entry.at), dim)
    if long:
        head.append(": ").append_text(about)
        return [_ends(head, end)]
    about.pad_left(4)
    about.no_wrap, about.overflow = True, "ellipsis"
    return [_ends(head, end), about]


def _footer(board: Board, url: str, width: int) -> Table:
    dead = sum(board.dead.values())
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(board.dead.items()))
    said = f" {dead} dead letter{'' if dead == 1 else 's'}" + (f": {reasons}" if reasons and width >= 100 else "")
    return _ends(Text(said, "magenta" if dead else "bright_black"), Text(f"{url}  Ctrl-C ends it ", "bright_black"))
