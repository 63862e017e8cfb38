# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of the lab's AWX: a launch is judged by the survey as AWX 24.6.1 does it, and its job succeeds at once."""

from __future__ import annotations

import queue
import typing as t

from . import refusals
from .store import Data, Store

_FIRST = 1000


class Jobs:
    """What was launched; `launches` hands each template's name and answers to a test, in their order."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._jobs: list[Data] = []
        self.launches: queue.Queue[tuple[str, Data]] = queue.Queue()

    def launch(self, template: Data, body: Data) -> Data:
        """A new job; raises for answers that the survey does not take. What has no prompt is ignored, and said so."""
        spec = self._store.surveys.get(template["id"], {}).get("spec", []) if template.get("survey_enabled") else []
        asked = {question["variable"]: question for question in spec}
        extra = dict(body.get("extra_vars") or {})
        given = {name: value for name, value in extra.items() if name in asked}
        refusals.answers(asked.values(), given)
        ignored = {name: value for name, value in extra.items() if name not in asked}
        others = {
            name: value
            for name, value in body.items()
            if name != "extra_vars" and not template.get(f"ask_{name}_on_launch")
        }
        number = _FIRST + len(self._jobs)
        job = {
            "id": number,
            "type": "job",
            "url": f"/api/v2/jobs/{number}/",
            "name": template["name"],
            "status": "successful",
            "created": "2026-01-01T00:00:00Z",
            "artifacts": {},
            "ignored_fields": {**others, **({"extra_vars": ignored} if ignored else {})},
        }
        self._jobs.append(job)
        self.launches.put((template["name"], given))
        return {**job, "job": number, "status": "pending"}

    def listed(self, query: t.Mapping[str, str]) -> tuple[int, Data]:
        """The list of jobs, by their ids if these are given."""
        wanted = {int(number) for number in query.get("id__in", "").split(",") if number}
        found = [job for job in self._jobs if not wanted or job["id"] in wanted]
        return 200, {"count": len(found), "next": None, "previous": None, "results": found}
