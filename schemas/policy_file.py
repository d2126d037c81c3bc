"""The policy file: from YAML to `schemas.policy.Policy` (contract section 3).

Reading goes in three steps.  `policy_tree` turns YAML into texts with lines, typing nothing; the
readers of the sections type each text by its place and collect what is wrong; if nothing was,
`policy_cross` looks at what the sections owe each other.  What needs a time zone or a holiday
table is not judged here but in `streams.core.policy_check`.
"""

from __future__ import annotations

from schemas.policy import Department, Policy, Settings
from schemas.policy_calendars import calendars, department, departments
from schemas.policy_clocks import clocks
from schemas.policy_cross import cross_checks
from schemas.policy_place import Place, Sheet, top, word
from schemas.policy_settings import settings
from schemas.policy_tree import PolicyError, Problem, read

__all__ = ["PolicyError", "Problem", "parse"]

_SECTIONS = ("version", "calendars", "departments", "defaults", "clocks", "settings")
_REQUIRED = ("version", "calendars", "defaults", "clocks")


def parse(text: str | bytes, name: str = "policy") -> Policy:
    """The policy of a file's text; `name` is how its problems call the file.

    Raises PolicyError with every problem that was found.
    """
    root, problems = read(text)
    sheet = Sheet(problems=problems)
    if problems and not root.entries:
        raise PolicyError(name, problems)
    policy = _policy(top(root, sheet), sheet)
    if not sheet.problems:
        sheet.problems += cross_checks(policy)
    if sheet.problems:
        raise PolicyError(name, sheet.problems)
    return policy


def _policy(place: Place, sheet: Sheet) -> Policy:
    fields = place.fields(_SECTIONS, required=_REQUIRED)
    specs = calendars(fields["calendars"]) if "calendars" in fields else {}
    names = tuple(specs)
    return Policy(
        version=fields["version"].read(word) or "" if "version" in fields else "",
        calendars=specs,
        departments=departments(fields["departments"], names) if "departments" in fields else {},
        defaults=department(fields["defaults"], names) if "defaults" in fields else Department(),
        clocks=clocks(fields["clocks"], names) if "clocks" in fields else (),
        settings=settings(fields["settings"]) if "settings" in fields else Settings(),
        lines=sheet.lines,
    )
