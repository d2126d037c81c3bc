"""What an alert may say outside: `detail: minimal` (the default) or `full` (contract section 11).

Theory of operation. A sender of events chooses an item's name, its department, pool, owner, site, kind and priority, so
any of them may hold what must stay inside. `minimal` lets out what the policy itself says: workflow, clock, stage,
severity, guide, and the names that the policy lists, of departments, pools and people. A department that it does not
list is `other`, as in metrics (R17). A pool or an owner that it does not list, and that the sink's `names` do not allow
either, becomes the department's pool (without one its on-call, without that its champion): somebody has to be told.
Items and instants stay inside; `ref` leads whoever may see them there.

`full` is the alert as it was said.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from schemas.alerts import AlertData
from schemas.policy import UNASSIGNED, Department, Policy
from streams.core.book import OTHER
from streams.delivery.sinks import FULL, Discreet

OPEN: Final = ("state", "stage", "severity", "notify", "workflow", "clock", "guide", "reason", "count", "feed")
"""Fields that hold what the policy or the contract names, and nothing else."""
TARGETS: Final = ("pool", "on_call", "champion")


class Discretion:
    """What may be said under one policy by one sink."""

    def __init__(self, policy: Policy, sink: Discreet) -> None:
        self._policy, self._full, self._allowed = policy, sink.detail == FULL, sink.names
        entries: list[Department] = [policy.defaults, *policy.departments.values()]
        self._known = {name for entry in entries for target in TARGETS if (name := getattr(entry, target))}

    def told(self, data: AlertData) -> AlertData:
        """An alert's data, with what may be told alone."""
        if self._full:
            return data
        kept = {name: getattr(data, name) for name in OPEN}
        department = None if data.department is None else self._department(data.department)
        pool = self._name(data.pool, data.department)
        recipients = None if data.recipients is None else self._names(data.recipients, data.department)
        return AlertData(**kept, department=department, pool=pool, recipients=recipients)

    def recipients(self, data: AlertData) -> list[str]:
        """Whom to tell, by the names that may be told."""
        return list(self.told(data).recipients or ())

    def _department(self, name: str) -> str:
        return name if name in self._policy.departments or name == UNASSIGNED else OTHER

    def _names(self, names: Iterable[str], department: str | None) -> list[str]:
        return list(dict.fromkeys(name for each in names if (name := self._name(each, department)) is not None))

    def _name(self, name: str | None, department: str | None) -> str | None:
        if name is None or name in self._known or any(fnmatchcase(name, each) for each in self._allowed):
            return name
        entries = [self._policy.departments.get(department or UNASSIGNED, Department()), self._policy.defaults]
        known = (getattr(entry, target) for target in TARGETS for entry in entries)
        return next((each for each in known if each), None)
