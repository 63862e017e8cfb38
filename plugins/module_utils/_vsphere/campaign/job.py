# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One VM on its way through a campaign: shut down if need be, reconfigured once, given its power back."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    WaitTimeoutError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.plan import (
    Step,
    Vtpm,
    Work,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import (
    maybe_done,
    never_begun,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    of_objects,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import reference, vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.key_sources import (
    KeyRefusedError,
    NewKeys,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.faults import (
    POLICY_REFUSED,
    error_of_fault,
    lacks_key,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import native_key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import (
    FT_MODES,
    HOME,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import (
    ADD_VTPM,
    DECRYPT,
    ENCRYPT,
    RECRYPT,
    REMOVE_VTPM,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.policy_choice import (
    PolicyChoice,
)

WAITING, SHUTTING_DOWN, POWERING_OFF, RECONFIGURING, POWERING_ON, ENDED = range(6)
_RUNNING = ("queued", "running")
# actions whose name does not read like what is done to a VM
_WORDS = {
    ADD_VTPM: "add a vTPM to",
    REMOVE_VTPM: "remove the vTPM of",
    "set_vmotion": "set encrypted vMotion of",
    "set_fault_tolerance": "set encrypted Fault Tolerance of",
    "set_modes": "set encrypted vMotion and Fault Tolerance of",
}


@dataclasses.dataclass(frozen=True)
class JobContext:
    """What all VMs of a campaign share. `shutdown_timeout` is in seconds, `clock` monotonic."""

    session: Session
    keys: NewKeys
    power_off: str
    shutdown_timeout: float
    clock: t.Callable[[], float]


class Job:
    """One VM's way. Its methods start the next step and return what to watch for it."""

    def __init__(self, work: Work, shared: JobContext) -> None:
        self.work = work
        self.phase = WAITING
        self.error: CollectionError | None = None
        self.attempted = False  # vCenter may have changed it
        self.left_off = False  # it was shut down and is still off
        self.may_go_down = False  # it may be going off, or is off, and nobody waits for it
        self.no_keys = False  # the reason why the next VM would fail too
        self.devices: t.Sequence[t.Any] = ()
        self.seen_at: float | None = None  # when it was read anew, on the clock of the campaign
        self._shared = shared
        self._taken: dict[str, t.Any] = {}
        self._followed: t.Any = None
        self._deadline: float | None = None

    @property
    def name(self) -> str:
        """Name of the VM."""
        return self.work.machine.name

    @property
    def heavy(self) -> bool:
        """Whether disks are rewritten, which keeps host and datastore busy."""
        return self.work.rewritten > 0

    @property
    def active(self) -> bool:
        """Begun and not ended."""
        return self.phase not in (WAITING, ENDED)

    def fail(self, error: CollectionError) -> None:
        """Remember the first error."""
        self.error = self.error or error
        self.no_keys = self.no_keys or isinstance(error, KeyRefusedError)

    def begin(self) -> list[t.Any]:
        """The first step. Keys come before the shutdown: without them no VM is stopped in vain."""
        try:
            for name in self.work.new_keys_of:
                self._taken[name] = self._shared.keys.take(name)  # kept one by one: the next provider may refuse
            if not self.work.reconfigures:
                return self._after_reconfigure()  # one call to power it on, whatever becomes of it
            return self._shut_down() if self.work.shutdown and self.work.machine.on else self._reconfigure()
        except CollectionError as error:
            self.fail(error)
            return self._after_reconfigure()

    def _call(self, what: str, name: str, *arguments: t.Any) -> t.Any:
        method = getattr(self.work.machine.reference, name)
        return self._shared.session.call(f"{what} {self.name}", method, *arguments)

    def _follow(self, phase: int, item: t.Any) -> list[t.Any]:
        self.phase, self._followed = phase, item
        return [item]

    def _shut_down(self) -> list[t.Any]:
        if not self.work.machine.tools_running:
            return self._power_off()
        self._going_down("shut down", "ShutdownGuest")
        self._deadline = self._shared.clock() + self._shared.shutdown_timeout
        return self._follow(SHUTTING_DOWN, self.work.machine.reference)

    def _going_down(self, what: str, name: str) -> t.Any:
        """A call after which the VM goes off, even if its answer is lost: then nobody waits for it."""
        try:
            return self._call(what, name)
        except CollectionError as error:
            self.may_go_down = maybe_done(error)
            raise

    def _power_off(self) -> list[t.Any]:
        self._deadline = None
        return self._follow(POWERING_OFF, self._going_down("power off", "PowerOffVM_Task"))

    def _reconfigure(self) -> list[t.Any]:
        self._deadline = None
        # before the call: whatever its answer, the VM is read again at the end. New keys count as used unless vCenter
        # refuses the call: a task that fails may have used them, and a key that is called unused may be deleted
        self.attempted = True
        spec = config_spec(self.work, self.devices, self._taken)
        self.devices = ()
        try:
            task = self._call("reconfigure", "ReconfigVM_Task", spec)
        except CollectionError as error:
            # the answer is lost, but the work may have begun: it must not be sent again
            task = self._task_at_work() if maybe_done(error) else None
            if task is None:
                if never_begun(error):
                    self._shared.keys.give_back(self._taken)
                    self._taken = {}
                raise error from error.__cause__
        return self._follow(RECONFIGURING, task)

    def _task_at_work(self) -> t.Any:
        """The reconfigure task that runs on the VM, or None."""
        session = self._shared.session
        tasks = [
            task
            for found in of_objects(session, [self.work.machine.reference], ["recentTask"])
            for task in found.properties.get("recentTask") or []
        ]
        for found in of_objects(session, tasks, ["info.state", "info.descriptionId"]):
            # a key such as VirtualMachine.reconfigure, the same in each language (vSphere API, TaskInfo)
            kind = str(found.properties.get("info.descriptionId"))
            if found.properties.get("info.state") in _RUNNING and kind.endswith("reconfigure"):
                return found.object
        return None

    def _after_reconfigure(self) -> list[t.Any]:
        if not self.attempted:
            self._shared.keys.give_back(self._taken)
        self._taken = {}
        # after a failure, too: a VM that this run shut down must not stay off
        if self.left_off or self.work.power_on:
            try:
                return self._power_on()
            except CollectionError as error:
                self.fail(error)
        self.phase = ENDED
        return []

    def _power_on(self) -> list[t.Any]:
        self.attempted = True
        return self._follow(POWERING_ON, self._call("power on", "PowerOnVM_Task"))

    # news

    @property
    def followed(self) -> t.Any:
        """What it waits for."""
        return self._followed

    def hear(self, news: t.Mapping[str, t.Any]) -> list[t.Any]:
        """Go on after news; returns what has to be followed from now on, nothing as long as it has to wait."""
        try:
            if self.phase == SHUTTING_DOWN:
                return self._off() if news.get("runtime.powerState") == "poweredOff" else []
            state = news.get("info.state")
            if news.get("gone"):
                state = "error"
            if state not in ("success", "error"):
                return []
            return self._task_ended(news if state == "error" else None)
        except CollectionError as error:
            self.fail(error)
            return self._after_reconfigure()

    def _off(self) -> list[t.Any]:
        self.left_off = True
        return self._reconfigure()

    def _task_ended(self, failure: t.Mapping[str, t.Any] | None) -> list[t.Any]:
        action = _WORDS.get(self.work.action, self.work.action)
        names = {POWERING_OFF: "power off", RECONFIGURING: action, POWERING_ON: "power on"}
        if failure is not None:
            gone = bool(failure.get("gone"))
            self.may_go_down = self.may_go_down or (gone and self.phase == POWERING_OFF)
            self._fail_by(failure.get("info.error"), f"{names[self.phase]} {self.name}", gone)
        if self.phase == POWERING_OFF:
            return self._off() if failure is None else self._after_reconfigure()
        if self.phase == RECONFIGURING:
            return self._after_reconfigure()
        self.left_off = self.left_off and failure is not None
        self.phase = ENDED
        return []

    def _fail_by(self, fault: t.Any, what: str, gone: bool) -> None:
        if fault is None:
            why = (
                "its task no longer exists, so the outcome is unknown"
                if gone
                else "vCenter's reason cannot be read, see its task"
            )
            error = CollectionError(f"could not {what}: {why}")
        else:
            error = error_of_fault(fault, f"{what} on {self._shared.session.hostname}")
            error.message += self._policy_hint(str(error.details.get("message_key") or ""))
            self.no_keys = self.no_keys or lacks_key(fault)
        self.fail(error)

    def _policy_hint(self, key: str) -> str:
        """The way out when vCenter takes no policy together with a decryption."""
        given = {choice.name: None for choice in self.work.policies.values() if choice.id is not None}
        if self.work.action != "decrypt" or not given or not key.startswith(POLICY_REFUSED):
            return ""
        return (
            ". If vCenter refuses the previous policy together with a decryption, set policy_conflict: replace, "
            f"and give the VM its storage policy ({', '.join(str(name) for name in given)}) in vCenter "
            "afterwards"
        )

    # time

    @property
    def deadline(self) -> float | None:
        """When `overdue` has to be called."""
        return self._deadline

    def overdue(self) -> list[t.Any]:
        """The guest did not shut down in time: power it off if that is allowed, otherwise leave it on."""
        if self._shared.power_off == "force":
            try:
                return self._power_off()
            except CollectionError as error:
                self.fail(error)
                return self._after_reconfigure()
        self.may_go_down = True
        self.fail(
            WaitTimeoutError(
                f"{self.name} did not shut down within {self._shared.shutdown_timeout:g} s and was skipped; it "
                "may still shut down. Raise shutdown_timeout, or allow power_off: force"
            )
        )
        return self._after_reconfigure()

    def give_up(self, seconds: float) -> None:
        """The time of the whole campaign is over while something is still running."""
        self._leave()
        running = reference(self._followed) if isinstance(self._followed, vim.Task) else "its shutdown"
        self.fail(
            WaitTimeoutError(
                f"{self.name}: {running} was still running after {seconds:g} s. vCenter continues: rerun later, "
                "or raise wait_timeout",
                task_id=running,
            )
        )
        self.phase = ENDED

    def abandon(self, error: CollectionError) -> None:
        """The campaign ends with an error while something is still running."""
        self._leave()
        self.fail(error)
        self.phase = ENDED

    def _leave(self) -> None:
        self.may_go_down = self.may_go_down or self.phase in (SHUTTING_DOWN, POWERING_OFF)


def config_spec(work: Work, devices: t.Sequence[t.Any], new_keys: t.Mapping[str, t.Any]) -> t.Any:
    """The ConfigSpec of a work. `devices` are the VM's own, `new_keys` are CryptoKeyIds by provider.

    A disk that is not named stays as it is, whatever becomes of the home, so every disk of the work is named.
    """
    spec = vim.vm.ConfigSpec()
    if HOME in work.steps:
        step = work.steps[HOME]
        spec.crypto = _crypto(step, new_keys)
        spec.vmProfile = _profile(work.policies[HOME])
    # by the vSphere API, ConfigSpec.crypto holds for disks without a spec of their own, too; in practice such disks
    # stayed unencrypted (kubernetes-sigs/cluster-api-provider-vsphere issue 1106)
    spec.deviceChange = [
        vim.vm.device.VirtualDeviceSpec(
            operation="edit",
            device=device,
            profile=_profile(work.policies[device.key]),
            backing=vim.vm.device.VirtualDeviceSpec.BackingSpec(crypto=_crypto(work.steps[device.key], new_keys)),
        )
        for device in devices
        if device.key in work.steps
    ]
    if work.vmotion:
        spec.migrateEncryption = work.vmotion
    if work.ft:
        spec.ftEncryptionMode = FT_MODES[work.ft]
    if work.vtpm:
        spec.deviceChange += _vtpm_edits(work.vtpm, devices)
    return spec


def _vtpm_edits(vtpm: Vtpm, devices: t.Sequence[t.Any]) -> list[t.Any]:
    """Without crypto in the spec: vCenter encrypts the home with the default provider's key."""
    kind = vim.vm.device.VirtualTPM
    # a negative key stands for a new device until vCenter gives it its own (vSphere API, VirtualDevice)
    found = [kind(key=-1)] if vtpm.present else [device for device in devices if isinstance(device, kind)]
    operation = "add" if vtpm.present else "remove"
    return [vim.vm.device.VirtualDeviceSpec(operation=operation, device=device) for device in found]


def _crypto(step: Step, new_keys: t.Mapping[str, t.Any]) -> t.Any:
    crypto = vim.encryption
    if step.operation == DECRYPT:
        return crypto.CryptoSpecDecrypt()
    key = native_key(step.key) if step.key else new_keys[str(step.provider)]
    if step.operation == ENCRYPT:
        return crypto.CryptoSpecEncrypt(cryptoKeyId=key)
    if step.operation == RECRYPT:
        return crypto.CryptoSpecShallowRecrypt(newKeyId=key)
    return crypto.CryptoSpecDeepRecrypt(newKeyId=key)


def _profile(choice: PolicyChoice) -> list[t.Any]:
    """A policy takes the place of the one that is there; without any in the call, that one stays."""
    if not choice.sent:
        return []
    if choice.id is None:
        # not an empty list: vCenter may refuse to decrypt without a profile (assumption decrypt-needs-profile)
        return [vim.vm.EmptyProfileSpec()]
    # no replication group: a policy with replication may need one (assumption replication-needs-group)
    return [vim.vm.DefinedProfileSpec(profileId=choice.id)]
