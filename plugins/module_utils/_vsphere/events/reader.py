# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vCenter, read for events: changes of VMs and hosts as they come, key providers at intervals."""

from __future__ import annotations

import contextlib
import datetime
import time
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AuthenticationError,
    CollectionError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import (
    Rest,
    connect_rest,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import (
    Session,
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.events.conditions import (
    Event,
    InventoryConditions,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.events.inventory import (
    InventoryChanges,
    InventoryWatch,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.events.provider_conditions import (
    Backup,
    EventThresholds,
    ProviderConditions,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.events.rest_logins import RestLogins
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_provider_report import (
    Selection,
    Sources,
    provider_report,
)

_LONGEST_WAIT = 300.0  # seconds of one waiting request, so that a dead connection is noticed
_Backups = t.Callable[[str, str], t.Mapping[str, str]]
_Warn = t.Callable[[str], None]
_T = t.TypeVar("_T")


class VCenterReader:
    """A session that is opened, read again and again, and closed. What was told outlasts the session."""

    service = "vcenter"
    first_reads = 2  # the inventory, then the key providers

    def __init__(self, params: dict[str, t.Any], backups: _Backups, warn: _Warn) -> None:
        """`backups`: from vCenter's id and name to when the backup of each native provider was made (ISO 8601)."""
        self.where = str(params.get("hostname") or "")
        self._params = params
        self._backups = backups
        self._warn = warn
        self._interval = float(params["interval"])
        self._stack, self._rest_stack = contextlib.ExitStack(), contextlib.ExitStack()
        self._rest: Rest | None = None
        self._rest_works = True
        self.rest_logins = RestLogins()
        self._opened: tuple[Session, InventoryWatch] | None = None
        self._next_report = 0.0
        self._vcenter_id = ""
        self._forget()

    def _forget(self) -> None:
        initial = bool(self._params["initial"])
        limits = EventThresholds(tuple(self._params["expiry_days"]), self._params["backup_max_age"])
        self.inventory = InventoryConditions(initial)
        self.providers = ProviderConditions(limits, initial)
        self._failing: dict[str, str] = {}
        self._limited: list[Event] = []  # waits for the next report that ends well

    def open(self) -> None:
        """Log in. Another vCenter at the same address, such as a rebuilt one, begins with a first state again."""
        context = Context(self._params, self._stack)
        session = connect(context)
        if self._vcenter_id and self._vcenter_id != session.vcenter_id:
            self._forget()
        self._vcenter_id = session.vcenter_id
        self._opened = session, InventoryWatch(session)
        self._next_report = 0.0

    def read(self) -> list[Event]:
        """What is new; waits for it, but not for long."""
        if self._opened is None:
            raise UnreachableError(f"could not read {self.where}: it is not connected")
        session, watch = self._opened
        left = self._next_report - time.monotonic()
        if watch.fresh:
            events = self.inventory.see(self._first(watch), complete=True)
        elif left <= 0:
            self._next_report = time.monotonic() + self._interval
            events = self._report(session)
        else:
            longest = min(_LONGEST_WAIT, session.bounds.longest_wait)
            events = self.inventory.see(watch.wait(max(1.0, min(left, longest))), complete=False)
        return [{**event, "vcenter": self.where} for event in events]

    def _first(self, watch: InventoryWatch) -> InventoryChanges:
        """The whole inventory. Nothing is no state to begin with: all that appears later would be new."""
        found = watch.wait(0)
        if not found:
            more = " any more" if self.inventory.vms or self.inventory.hosts else ""
            raise UnreachableError(
                f"could not read the inventory of {self.where}: it shows no VM and no host{more}; vCenter is starting, "
                "or the vSphere user lacks read access"
            )
        return found

    def interrupt(self) -> None:
        """End a `read` that waits in another thread."""
        if self._opened is not None:
            self._opened[1].interrupt()

    def close(self) -> None:
        """Log out."""
        self._opened = None
        self._close_rest()
        self._stack.close()

    def _report(self, session: Session) -> list[Event]:
        """Key providers. What cannot be read of them does not end the watch over VMs and hosts."""
        sources = Sources(session, self._open_rest, self._warn, self._rest_failed)
        self._rest_works = True
        ages = self._readable("backups", lambda: self._ages(session))
        found = self._readable("key_providers", lambda: provider_report(sources, Selection(), True, False))
        if found is not None and self._rest_works:
            self.rest_logins.worked()
        limited, self._limited = self._limited, []
        return limited + (self.providers.see(found.providers, ages or {}) if found is not None else [])

    def _readable(self, subject: str, read: t.Callable[[], _T]) -> _T | None:
        """What was read; None, and an event the first time, when vCenter answers that it may or can not be."""
        try:
            found = read()
        except (AuthenticationError, UnreachableError):
            raise
        except CollectionError as error:
            if self._failing.get(subject) != error.kind:
                self._limited.append(
                    {"type": "source_limited", "subject": subject, "kind": error.kind, "message": error.message}
                )
            self._failing[subject] = error.kind
            return None
        self._failing.pop(subject, None)
        return found

    def _ages(self, session: Session) -> dict[str, Backup]:
        made = self._backups(session.vcenter_id, session.hostname)
        today = session.now() if made else None
        return {name: Backup(created, _days(created, today)) for name, created in made.items() if today is not None}

    def _open_rest(self) -> Rest:
        if self._rest is None:
            self.rest_logins.check(time.monotonic())
            self._rest = connect_rest(Context(self._params, self._rest_stack))
        return self._rest

    def _close_rest(self) -> None:
        self._rest = None
        self._rest_stack.close()

    def _rest_failed(self, error: CollectionError) -> bool:
        """Its session may have ended: the next report opens another one, unless logins were refused."""
        self._close_rest()
        self._rest_works = False
        return self.rest_logins.failed(error, time.monotonic())


def _days(created: str, today: datetime.datetime) -> int:
    return (today.date() - datetime.datetime.strptime(created, "%Y-%m-%dT%H:%M:%SZ").date()).days
