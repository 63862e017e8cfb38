# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS entries of a private cloud, one for each IPv4 address of a host: which are its own, open, or in use. Pure."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import socket
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import thumbprint
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    ApiError,
    GuardError,
    InvalidInputError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.hosts import check_host
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import owner_of_entry
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import record
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.tasks import (
    Observation,
)


@dataclasses.dataclass(frozen=True)
class KmsEntry:
    """A KMS entry of a private cloud."""

    id: int
    ip: str
    port: int | None
    thumbprint: str
    description: str
    state: str


@dataclasses.dataclass(frozen=True)
class FollowedEntry(KmsEntry):
    """A KMS entry with what is known of the task that opens or closes it."""

    waiting_for_vcenter: bool | None = None
    task_id: int | None = None


KMS_ENTRY_FIELDS = fields_of(FollowedEntry)
GOING = frozenset({"toDelete", "deleting"})
CHANGING = frozenset({"toUpdate", "updating"})
COMING = frozenset({"toCreate", "creating"})
OPENING = COMING | {"unknown"}
_UNUSED = frozenset({"disabled", "disabling"})
NameLookup = t.Callable[..., t.Any]


def resolve(host: str, lookup: NameLookup | None = None) -> list[str]:
    """The IPv4 addresses of a host name, sorted; an IPv4 address is returned as it is."""
    name = host.strip()
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        pass
    else:
        if address.version == 4:
            return [str(address)]
        raise InvalidInputError(
            f"host {host}: OVHcloud's KMS entries support only IPv4; give an IPv4 address or a host name"
        )
    check_host("host", name)
    try:
        # all of them, in each run: Paris has three, Singapore two (guide okms-vm-encrypt), and none is promised to stay
        answers = (lookup or socket.getaddrinfo)(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnreachableError(
            f"host {name} has no IPv4 address here: {error}; give the IPv4 address itself"
        ) from error
    return sorted({str(answer[4][0]) for answer in answers})


def canonical_thumbprint(value: str) -> str:
    """Upper case with colons, as OVHcloud documents it; what is no thumbprint stays as it is, to be shown."""
    try:
        return thumbprint(value)[1]
    except InvalidInputError:
        return value


def thumbprints_of(addresses: t.Iterable[str], general: str | None, single: t.Mapping[str, t.Any]) -> dict[str, str]:
    """The thumbprint of each address: its own in `single`, else the general one. Raises InvalidInputError."""
    wanted = {}
    for address in addresses:
        value = single.get(address) or general
        if not value:
            raise InvalidInputError(f"address_thumbprints has no thumbprint for {address}, and thumbprint is not given")
        wanted[address] = thumbprint(str(value))[1]
    return wanted


def entry_state(raw: t.Any) -> State:
    """From a `dedicatedCloud.VMEncryptionAccessNetwork`, without the fields that tell about its task."""
    read = record(raw, "a KMS entry")
    kms_id = read.known_whole("kmsId")
    read.what = f"KMS entry {kms_id}"
    return as_result(
        KmsEntry(
            id=kms_id,
            ip=read.known_text("ip"),
            port=read.whole("kmsTcpPort") or None,
            thumbprint=canonical_thumbprint(read.text("sslThumbprint") or ""),
            description=read.text("description") or "",
            state=read.text("state") or "unknown",
        )
    )


def by_address(entries: t.Iterable[State], addresses: t.Collection[str]) -> dict[str, State]:
    """The entry of each address that has one. An entry on its way out counts only when nothing else is there."""
    found: dict[str, State] = {}
    for entry in entries:
        ip = entry["ip"]
        if ip not in addresses or (ip in found and entry["state"] in GOING):
            continue
        if ip in found and found[ip]["state"] not in GOING:
            raise AmbiguousError(
                f"{ip} has several KMS entries: {entry_in_words(found[ip])} and {entry_in_words(entry)}; remove all "
                "but one in the OVHcloud control panel"
            )
        found[ip] = entry
    return dict(sorted(found.items()))


def _is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host.strip().strip("[]"))
        return True
    return False


def own_elsewhere(entries: t.Iterable[State], host: str, addresses: t.Collection[str]) -> list[State]:
    """Entries that say they belong to the host, for addresses that the host does not have (any more).

    Only a host name loses addresses. Entries that are being removed do not count.
    """
    name = host.strip().lower().rstrip(".")
    if _is_address(host):
        return []
    found = [entry for entry in entries if entry["ip"] not in addresses and entry["state"] not in GOING]
    return sorted(
        (entry for entry in found if owner_of_entry(entry["description"]) == name), key=lambda entry: str(entry["ip"])
    )


def shares_address(entry: State, host: str, lookup: NameLookup | None = None) -> bool:
    """Whether the description names another host which has the same address: then both would rewrite it in turn."""
    other = owner_of_entry(entry["description"])
    if other == host.strip().lower().rstrip(".") or "." not in other or _is_address(other):
        return False
    with contextlib.suppress(InvalidInputError, UnreachableError):
        return entry["ip"] in resolve(other, lookup)
    return False


def entry_in_words(entry: State | None) -> str:
    """For messages about waiting."""
    return f"KMS entry {entry['id']} ({entry['ip']}) in state {entry['state']}" if entry else "no KMS entry"


def is_open(seen: Observation[State | None]) -> bool:
    """vCenter can reach the KMS: the entry is delivered, whatever its task says, or the task waits for vCenter."""
    entry = healthy_entry(seen.item)
    if entry is None:
        return False
    # the guide waits for `delivered` first, the control panel's task for vCenter (assumption kms-entry-delivered)
    if entry["state"] == "delivered":
        return True
    if seen.task is not None:
        return seen.task.done or seen.task.waiting_for_vcenter
    return bool(entry.get("waiting_for_vcenter"))


def is_delivered(seen: Observation[State | None]) -> bool:
    """OVHcloud has finished the entry, whatever its task says."""
    entry = healthy_entry(seen.item)
    return entry is not None and entry["state"] == "delivered"


# flow_open is the former word for firewall_open
GOALS: dict[str, t.Callable[[Observation[t.Any]], bool]] = {
    "firewall_open": is_open,
    "delivered": is_delivered,
    "flow_open": is_open,
}


def is_quiet(seen: Observation[State | None]) -> bool:
    """No change is on its way, and it takes one."""
    entry = healthy_entry(seen.item)
    return entry is None or entry["state"] not in CHANGING | COMING


def shows(entry: State | None, thumbprint: str, description: str) -> bool:
    """The entry exists and has both values."""
    return entry is not None and (entry["thumbprint"], entry["description"]) == (thumbprint, description)


def healthy_entry(entry: State | None) -> State | None:
    """The entry itself; raises when it is in error, which waiting does not fix."""
    if entry is not None and entry["state"] == "error":
        raise ApiError(
            f"{entry_in_words(entry)}: OVHcloud could not set it up; remove it with state=absent and create it "
            "again, or ask OVHcloud's support",
            kms_id=entry["id"],
        )
    return entry


def in_use(entry: State, encryption: str | None) -> bool:
    """True when a key provider may depend on the entry. `encryption`: state of vmEncryption, None when unreadable."""
    live = entry["state"] == "delivered" or entry["state"] in CHANGING
    return live and encryption not in _UNUSED


def refuse_while_needed(entry: State, hosts: t.Iterable[str], lookup: NameLookup | None = None) -> None:
    """Raise GuardError when a host that must stay in reach has the address of the entry.

    A name that cannot be resolved here, or that is none, may mean that address, so its error is raised.
    """
    needed = [host for host in hosts if host.strip() and entry["ip"] in _addresses_of(host, lookup)]
    if needed:
        raise GuardError(
            f"{entry_in_words(entry)} also lets vCenter reach {', '.join(needed)}, which is still needed; "
            "nothing was changed",
            kms_id=entry["id"],
            needed_by=needed,
        )


def _addresses_of(host: str, lookup: NameLookup | None) -> list[str]:
    check_host("needed_hosts", host)
    with contextlib.suppress(InvalidInputError):  # IPv6, which no entry has
        return resolve(host, lookup)
    return []


def wrong_ports(entries: t.Iterable[State], port: int | None) -> list[State]:
    """Entries that OVHcloud opened for another port than the expected one; empty when none is expected."""
    # 5697 for OKMS (guide okms-vm-encrypt); another port may stay closed (assumption flow-port-counts)
    return [entry for entry in entries if port and entry.get("port") and entry["port"] != port]


def port_warning(entries: t.Sequence[State], port: int, service_name: str) -> str:
    """What to do about entries for another port: OVHcloud chooses it, and nobody can change it."""
    listed = ", ".join(f"{entry['ip']} (id {entry['id']}, port {entry['port']})" for entry in entries)
    first = entries[0]["ip"]
    return (
        f"KMS entries of {service_name} are open for another port than {port}, which vCenter uses: {listed}. "
        "OVHcloud chooses the port when it creates an entry. Remove each one (private_cloud_kms with host: "
        f"{first}, state: absent, confirm_host: {first}) and rerun at once, because until then hosts have only "
        "the keys they hold; or let vCenter use that port"
    )
