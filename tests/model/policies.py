"""Random policies for `generate.py`: dicts in the form of the policy file, and `dump`, which writes them as YAML.

All are valid: durations of one ladder fall and rise as section 3 asks, windows of neighbouring days do not overlap,
every target resolves, and `max_age` is never shorter than a `within` or `by`.
"""

import random
import re
from datetime import date, timedelta
from typing import Any

Policy = dict[str, Any]

ZONES = ["America/Chicago", "Europe/Rome", "Pacific/Chatham", "Australia/Lord_Howe", "America/St_Johns", "UTC"]
ZONES += ["Africa/Casablanca", "America/Sao_Paulo", "America/Santiago", "Antarctica/Troll", "Pacific/Apia"]
ZONES += ["Asia/Kolkata", "Europe/London", "Asia/Kathmandu"]
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
BY_DAY = ["0 business days", "1 business day", "2 business days", "3 business days"]
WITHIN = ["0.37 hours", "7.77 minutes", "41 minutes", "17 hours", "2.25 days", "1 hour"]
WITHIN += ["20 business minutes", "1.5 business hours", "7 business hours", "9 business hours"]
WITHIN += ["1 business day", "2 business days"]
BEFORE = ["7.77 minutes", "1 hour", "17 hours", "2.25 days", "3 days", "53 business minutes", "1.5 business hours"]
BEFORE += ["8 business hours", "1 business day", "2 business days"]
FLOORS = ["1 hour", "13 hours", "1 days", "88 business minutes", "1.5 business hours", "1 business day"]
FLOORS += ["3 business days"]
PERCENTS = ["10%", "33.3%", "33.33%", "50%", "62.5%", "75%", "90%"]
BEFORES = [["4 hours", "90 minutes"], ["3 business hours", "30 business minutes"], ["10 minutes"]]
AFTERS = [["30 minutes", "4 hours"], ["1 business day", "2 business days"], ["1 business hour"], ["2 days"]]
TARGETS = ["owner", "pool", "on_call", "champion"]
WORKFLOWS = ["message", "appointment", "result", "questionnaire"]
PLAIN_SCALAR = re.compile(r"[A-Za-z0-9/][A-Za-z0-9 ,.:/%'_-]*")


def dump(value: Any, indent: str = "") -> str:
    """A nest of dicts, lists and texts as block YAML."""
    if isinstance(value, dict):
        return "".join(f"{indent}{scalar(key)}:{below(entry, indent)}" for key, entry in value.items())
    if isinstance(value, list):
        return "".join(f"{indent}-{below(entry, indent)}" for entry in value)
    return f"{scalar(value)}\n"


def below(value: Any, indent: str) -> str:
    """A value after its key or dash."""
    if isinstance(value, dict | list):
        return f"\n{dump(value, indent + '  ')}"
    return f" {scalar(value)}\n"


def scalar(text: str) -> str:
    """A text, in single quotes where YAML needs them."""
    if PLAIN_SCALAR.fullmatch(text) and ": " not in text and not text.endswith((":", " ")):
        return text
    return "'" + text.replace("'", "''") + "'"


def pick(rng: random.Random, **odds: Any) -> Policy:
    """Of each `name=(probability, values)` a value, or nothing."""
    return {name: rng.choice(values) for name, (probability, values) in odds.items() if rng.random() < probability}


def ladder(rng: random.Random) -> list[Policy]:
    """A random ladder: percentages, times before, the due, times after."""
    steps: list[Policy] = []
    for index, share in enumerate(sorted(rng.sample(PERCENTS, rng.randrange(4)), key=lambda text: float(text[:-1]))):
        steps.append({"name": f"p{index}", "at": share} | pick(rng, severity=(0.5, ["warning"])))
    if rng.random() < 0.5:
        steps += [
            {"name": f"b{n}", "before": text, "severity": "critical"} for n, text in enumerate(rng.choice(BEFORES))
        ]
    if rng.random() < 0.85 or not steps:
        steps.append({"name": "missed", "at": "due", "severity": "critical"})
    if rng.random() < 0.7:
        steps += [{"name": f"a{n}", "after": text, "severity": "critical"} for n, text in enumerate(rng.choice(AFTERS))]
    return [step | pick(rng, notify=(0.85, TARGETS), hours=(0.5, ["open", "always"])) for step in steps]


def attempts(rng: random.Random) -> Policy:
    """A clock's `attempts`."""
    found = {"count": rng.choice(["2", "3"]), "within": rng.choice(["90 minutes", "5 hours", "3 days"])}
    return found | pick(rng, severity=(0.5, ["warning"]), notify=(0.6, TARGETS), hours=(0.3, ["always"]))


def clock(rng: random.Random, name: str, workflow: str, rules: list[Policy]) -> Policy:
    """A clock around its rules, with a ladder of its own or the four stages."""
    found: Policy = {"name": name, "workflow": workflow, "rules": rules}
    if rng.random() < 0.7:
        found["stages"] = ladder(rng)
    if workflow == "result" and rng.random() < 0.8:
        found["attempts"] = attempts(rng)
    return found


def parts(rng: random.Random, within: list[str], by: list[str], before: list[str]) -> Policy:
    """One or several parts of a rule."""
    found = pick(rng, within=(0.5, within), by=(0.35, [f"end of {days}" for days in by]), before=(0.4, before))
    return found or {"within": rng.choice(within)}


def plain_policy(rng: random.Random) -> Policy:
    """One clinic, as in the contract's example."""
    departments: Policy = {"cardiology": {"calendar": "clinic", "pool": "cardiology-nurses"}}
    departments["cardiology"] |= {"on_call": "cardiology-oncall", "champion": "cardiology-champion"}
    departments["oncology"] = {"pool": "oncology-nurses"}
    rules: list[Policy] = [{"when": {"priority": "urgent"}, "within": "4 business hours"}]
    rules.append({"when": {"department": ["oncology", "cardiology"]}, "within": "1 business day"})
    rules.append({"within": "2 business days"})
    release = {"by": "end of 3 business days", "not_before": rng.choice(["24 hours", "72 hours"])}
    tries = {"count": "3", "within": "3 days", "severity": "warning", "notify": "pool"}
    confirm = rng.choice([{"within": "48 hours", "before": "4 hours"}, {"within": "1 business day"}])
    result = {"name": "result-release", "workflow": "result", "rules": [release], "attempts": tries}
    review = {"name": "questionnaire-review", "workflow": "questionnaire", "rules": [{"before": "1 business day"}]}
    clinic: Policy = {"timezone": "America/Chicago", "holidays": "US-WI", "closed": ["2026-12-24"]}
    clinic |= {"hours": {"mon-fri": "08:00-12:00 12:30-17:00", "sat": "09:00-12:00"}}
    return {
        "version": "2026-11-01",
        "calendars": {"clinic": clinic | {"open": {"2026-12-26": "09:00-12:00"}}},
        "departments": departments,
        "defaults": everyone("clinic"),
        "clocks": [
            {"name": "message-reply", "workflow": "message", "rules": rules},
            result,
            review,
            {"name": "appointment-confirm", "workflow": "appointment", "rules": [confirm]},
        ],
    }


def everyone(calendar: str) -> Policy:
    """Defaults to which every target resolves."""
    return {"calendar": calendar, "pool": "desk", "on_call": "o", "champion": "ch"}


def dense_policy(rng: random.Random) -> Policy:
    """Two calendars and clocks whose rules change with every field."""
    hours = ["08:00-18:00", "00:00-24:00", "08:00-12:00 14:00-18:00"]
    zones = ["UTC", "UTC", "America/Chicago"]
    calendars = {name: {"timezone": rng.choice(zones), "hours": {"daily": rng.choice(hours)}} for name in ("c0", "c1")}
    clocks = []
    for workflow in ("appointment", "result", "message"):
        for index in range(rng.choice([1, 1, 2])):
            clocks += [clock(rng, f"{workflow}{index}", workflow, dense_rules(rng))]
    settings = {"lead": rng.choice(["20 business minutes", "3 business hours", "0 minutes", "1 business hour"])}
    settings |= {"ack_for": rng.choice(["2 business hours", "12 hours"]), "max_age": rng.choice(["3 days", "90 days"])}
    settings |= {"reorder_window": rng.choice(["12 hours", "7 days"]), "remember": rng.choice(["1 day", "30 days"])}
    departments = {"a": {"pool": "pa", "on_call": "oa"}, "b": {"pool": "pb", "calendar": "c1"}, "c": {"champion": "cc"}}
    return {
        "version": "t",
        "calendars": calendars,
        "departments": departments,
        "defaults": everyone("c0"),
        "clocks": clocks,
        "settings": settings,
    }


def dense_rules(rng: random.Random) -> list[Policy]:
    """Three to five rules, each for another value of another field; often none matches."""
    whens = [{"department": name} for name in "abc"] + [{"priority": "urgent"}, {"pool": "pb"}, {"pool": "pz"}]
    within = [
        "30 minutes",
        "2 hours",
        "8 hours",
        "12 hours",
        "40 business minutes",
        "4 business hours",
        "1 business day",
    ]
    before = ["30 minutes", "8 hours", "12 hours", "40 business minutes", "4 business hours", "1 business day"]
    floors = ["1 hour", "3 hours", "1 business hour"]
    return [
        {"when": when}
        | parts(rng, within, ["1 business day"], before)
        | pick(rng, not_before=(0.25, floors), calendar=(0.25, ["c1"]))
        for when in rng.sample(whens, rng.randint(3, 5))
    ]


def rich_policy(rng: random.Random, first: date) -> Policy:
    """Three calendars around a date, and every kind of rule, stage and setting."""
    whens: list[Policy] = [{"priority": "urgent"}, {"department": ["a", "b"]}, {"site": "s1"}, {"department": "c"}]
    whens += [{"pool": ["pa", "pool-y"]}, {"priority": "routine", "kind": "k1"}, {"kind": ["k1", "k2"]}]
    whens += [{"department": ["unassigned", "nowhere"]}]
    clocks = []
    for workflow in WORKFLOWS:
        for index in range(rng.choice([1, 1, 2])):
            cases = [{"when": when} for when in rng.sample(whens, rng.randrange(3))]
            rules = [
                case
                | parts(rng, WITHIN, BY_DAY, BEFORE)
                | pick(rng, not_before=(0.25, FLOORS), calendar=(0.25, ["cal0", "cal1", "cal2"]))
                for case in [*cases, *([{}] if rng.random() < 0.8 or not cases else [])]
            ]
            clocks.append(clock(rng, f"{workflow}-c{index}", workflow, rules))
    departments: Policy = {"a": {"calendar": "cal0", "pool": "pa", "on_call": "oa", "champion": "ca"}}
    departments["a"]["guide"] = "https://g/a"
    return {
        "version": "1.10",
        "calendars": {f"cal{index}": calendar(rng, first) for index in range(3)},
        "departments": departments | {"b": {"calendar": "cal1", "on_call": "ob"}, "c": {"pool": "pc"}},
        "defaults": everyone("cal2"),
        "clocks": clocks,
        "settings": rich_settings(rng, first),
    }


def rich_settings(rng: random.Random, first: date) -> Policy:
    """Settings, each given or left to its default; `max_age` is the longest `within` or `by` (6 days) at least."""
    return {"max_age": rng.choice(["6 days", "21 days", "25.5 days", "400 days"])} | pick(
        rng,
        reorder_window=(0.5, ["36 hours", "7 days"]),
        remember=(0.6, ["6 hours", "2 days", "30 days"]),
        lead=(0.4, ["0 minutes", "30 business minutes", "3 business hours"]),
        ack_for=(0.6, ["30 minutes", "3 days", "90 business minutes"]),
        enforce_from=(0.2, [f"{first + timedelta(days=5)}T21:00:00Z"]),
    )


def calendar(rng: random.Random, first: date) -> Policy:
    """A calendar in an odd zone, with exceptions in the forty days from the date on."""
    night = rng.random() < 0.3
    found: Policy = {"timezone": rng.choice(ZONES), "hours": night_hours(rng) if night else day_hours(rng)}
    if len(found["hours"]) in (1, 5, 6, 7):  # else none of the days named might have a window
        found |= pick(rng, business_days=(0.3, ["mon-fri", "mon, wed, fri", "sun-thu"]))
    found |= pick(rng, holidays=(0.5, ["US-WI", "NO", "BR", "DE-BY", "IT"]))
    if found.get("holidays") == "US-WI" and rng.random() < 0.5:
        found["not_holidays"] = ["Thanksgiving Day", "Veterans Day"]
    dates = [str(first + timedelta(days=rng.randrange(40))) for _ in range(4)]
    if rng.random() < 0.6:
        found["closed"] = sorted(set(dates[:2]))
    if rng.random() < 0.6:
        texts = ["08:00-10:00 11:00-12:00", "10:00-14:00", "06:00-22:00"] + ([] if night else ["00:00-24:00"])
        found["open"] = {dates[2]: rng.choice(texts)}
    return found


def day_hours(rng: random.Random) -> Policy:
    """Hours that end by midnight: alike on all days, split around a gap near two hours, or odd on each day."""
    if rng.random() < 0.5:
        whole = ["08:00-17:00", "00:00-24:00", "08:00-12:00 12:30-17:00", "00:00-12:00 12:00-24:00"]
        return {rng.choice(["daily", "mon-fri", "fri-mon"]): rng.choice(whole)}
    if rng.random() < 0.4:
        days = sorted(rng.sample(DAYS, rng.randint(3, 7)), key=DAYS.index)
        return {day: f"08:00-12:00 {rng.choice(['13:59', '14:00', '14:01'])}-19:00" for day in days}
    return {day: odd_windows(rng) for day in sorted(rng.sample(DAYS, rng.randint(4, 7)), key=DAYS.index)}


def odd_windows(rng: random.Random) -> str:
    """One to three windows on quarters of an hour."""
    edges = sorted(rng.sample(range(1, 97), 2 * rng.randint(1, 3)))
    texts = [f"{edge // 4:02d}:{edge % 4 * 15:02d}" for edge in edges]
    return " ".join(f"{opens}-{closes}" for opens, closes in zip(texts[::2], texts[1::2], strict=True))


def night_hours(rng: random.Random) -> Policy:
    """Windows that pass midnight, on some days or all, with or without a day's window before."""
    days = sorted(rng.sample(DAYS, rng.randint(4, 7)), key=DAYS.index)
    by_day = "08:00-17:00 " if rng.random() < 0.5 else ""
    return {day: by_day + rng.choice(["22:00-06:00", "22:00-02:00", "22:00-24:00"]) for day in days}
