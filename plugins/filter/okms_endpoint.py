# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter okms_endpoint: which KMIP endpoint of an OKMS domain vCenter uses, and whether a server has to be moved."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import shown
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ports import KMIP, OKMS_RSA

DOCUMENTATION = r"""
name: okms_endpoint
short_description: Choose the KMIP endpoint of an OKMS domain for vCenter
version_added: 0.1.0
description:
  - An OKMS domain has a KMIP endpoint with an RSA certificate (port 5697), which OVHcloud's guide registers in vCenter,
    and one with an ECDSA certificate (port 5696).
  - By default, a registered server that works, or that keys depend on, keeps its endpoint.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description:
      - A domain, as M(ovhcloud.vmware_encryption.okms) and M(ovhcloud.vmware_encryption.okms_info) return it.
    type: dict
    required: true
  choice:
    description:
      - V(rsa) or V(ecdsa), or V(auto), which is the registered server's endpoint if that server works or keys depend on
        it, otherwise V(rsa) if the API names it, otherwise V(ecdsa).
    type: str
    choices: [auto, rsa, ecdsa]
    default: auto
  provider:
    description:
      - The key provider as M(ovhcloud.vmware_encryption.key_provider_info) returns it, empty if there is none.
      - Without its users, the filter assumes that something depends on it.
    type: dict
    default: {}
  server:
    description: Name of the server in the key provider. If empty, the one that points to this domain.
    type: str
    default: ""
  move:
    description: Whether a registered server may move to another endpoint even if it works or keys depend on it.
    type: bool
    default: false
  option:
    description: Name of the option that holds O(choice), for messages.
    type: str
    default: okms_endpoint
"""

EXAMPLES = r"""
- name: Find the OKMS domain
  ovhcloud.vmware_encryption.okms_info:
    display_name: kms-prod-rbx
  register: found

- name: Show its endpoint for vCenter
  ansible.builtin.debug:
    msg: "{{ (found.okms_domains | first | ovhcloud.vmware_encryption.okms_endpoint).host }}"
"""

RETURN = r"""
_value:
  description: The choice.
  type: dict
  contains:
    kind:
      description: V(rsa) or V(ecdsa), null if the domain names no endpoint.
      type: str
    host:
      description: Host of the endpoint.
      type: str
    port:
      description: Port of the endpoint.
      type: int
    ca:
      description: Certificates of its authority in PEM, null if the API returns none.
      type: str
    server:
      description: Name of the registered server that points to this domain, empty if there is none.
      type: str
    move:
      description: Empty, or what must change, with C(server), C(before), C(after) and C(affected), the users of keys.
      type: dict
    ask_users:
      description: Whether the decision depends on the key provider's users, which were not given.
      type: bool
    refused:
      description: Why the change is refused, and the next step. Empty if all is well.
      type: str
    notice:
      description: What the user should know. Empty if there is nothing.
      type: str
"""

TAKES = "a domain of okms or okms_info and a key provider of key_provider_info"
Facts = t.Mapping[str, t.Any]
KINDS = ("rsa", "ecdsa")
NAMED = 5


def okms_endpoint(
    domain: Facts,
    choice: str = "auto",
    provider: Facts | None = None,
    server: str = "",
    move: bool = False,
    option: str = "okms_endpoint",
) -> dict[str, t.Any]:
    """The endpoint, and what it means for a server that is there."""
    if not isinstance(domain, t.Mapping):
        raise AnsibleFilterError("okms_endpoint: the input is not a domain of okms or okms_info")
    choice = choice or "auto"
    if choice not in ("auto", *KINDS):
        raise AnsibleFilterError(f"{option}: {shown(choice)} is none of auto, rsa, ecdsa")
    known = domain.get("kmip_endpoints") or {}
    endpoints = {kind: dict(known[kind]) for kind in KINDS if known.get(kind)}
    present = _Present(endpoints, provider or {}, server or "")
    wanted = _wanted(endpoints, choice, present, move)
    found: dict[str, t.Any] = {"kind": None, "host": None, "port": None, "ca": None, **endpoints.get(wanted, {})}
    found.update(server=present.name, move={}, ask_users=False, refused="", notice="")
    if wanted not in endpoints:
        found["refused"] = _missing(domain, wanted, endpoints, option)
    elif present.name:
        found.update(_consequence(found, present, move, option))
        if not found["move"]:
            found["notice"] = _notice(found, present, endpoints, choice)
    return found


class _Present:
    """The server that is registered already, if there is one that leads to the domain or has the wanted name."""

    def __init__(self, endpoints: Facts, provider: Facts, name: str) -> None:
        servers = [server for server in provider.get("servers") or [] if server]
        leading = [server for server in servers if _kind_of(server, endpoints)]
        named = [server for server in servers if server["name"] == name]
        found = (named or leading or [None])[0]
        self.server: Facts = found or {}
        self.name = str(self.server.get("name") or "")
        self.kind = _kind_of(self.server, endpoints) or _kind_by_port(self.server, endpoints)
        self.place = _place(self.server.get("address"), self.server.get("port"))
        self.provider = str(provider.get("name") or "")
        lines = provider.get("needed_by")
        self.asked = lines is not None
        self.users = [str(line) for line in lines or []]
        connections = provider.get("connections") or []
        self.works = any(one.get("status") == "green" for one in connections if one.get("name") == self.name)

    @property
    def needed(self) -> bool:
        """Keys depend on it, or nobody asked."""
        return bool(self.users) or not self.asked

    @property
    def affected(self) -> str:
        """Users in words."""
        return listing(self.users, NAMED) if self.users else "whoever uses it" if not self.asked else "nobody"


def _place(host: t.Any, port: t.Any) -> str:
    return f"{str(host or '').lower().rstrip('.')}:{port}"


def _kind_of(server: Facts, endpoints: Facts) -> str | None:
    place = _place(server.get("address"), server.get("port"))
    return next((kind for kind in KINDS if kind in endpoints and _place_of(endpoints[kind]) == place), None)


def _kind_by_port(server: Facts, endpoints: Facts) -> str | None:
    """For a server that is registered by its address."""
    return next((kind for kind in KINDS if kind in endpoints and endpoints[kind]["port"] == server.get("port")), None)


def _place_of(endpoint: Facts) -> str:
    return _place(endpoint["host"], endpoint["port"])


def _wanted(endpoints: Facts, choice: str, present: _Present, move: bool) -> str:
    if choice != "auto":
        return choice
    if present.kind and not move and (present.works or present.needed):
        return present.kind
    return "rsa" if "rsa" in endpoints or not endpoints else "ecdsa"


def _missing(domain: Facts, wanted: str, endpoints: Facts, option: str) -> str:
    name = domain.get("display_name") or domain.get("id") or "the OKMS domain"
    if not endpoints:
        return f"{name} names no KMIP endpoint; rerun when OVHcloud shows one in kmipEndpoint or kmipRsaEndpoint"
    field = {"rsa": "kmipRsaEndpoint", "ecdsa": "kmipEndpoint"}[wanted]
    return f"{option}: {wanted}, but {name} has no {field}. Set {option}: auto"


def _consequence(found: Facts, present: _Present, move: bool, option: str) -> dict[str, t.Any]:
    """The move, and whether it is refused."""
    if present.place == _place_of(found):
        # an endpoint that does not work is left only when nobody needs it, which must be known
        undecided = present.kind == "ecdsa" and not present.works and not present.asked and not move
        return {"ask_users": undecided}
    before = f"{present.place}{f' ({present.kind})' if present.kind else ''}"
    after = f"{_place_of(found)} ({found['kind']})"
    planned = {"server": present.name, "before": before, "after": after, "affected": present.users}
    kept = present.needed or (present.works and present.kind == "rsa")
    if move or not kept:
        return {"move": planned, "ask_users": not present.asked}
    why = f"keys of {present.affected} depend on it" if present.needed else "it works"
    return {
        "move": planned,
        "ask_users": not present.asked,
        "refused": (
            f"the server {present.name} of the key provider {present.provider} is registered as {before}, and {why}: "
            f"it is not moved to {after}. Set {option}: auto to leave it where it is, or "
            f"{option.rpartition('endpoint')[0]}move_endpoint: true to move it"
        ),
    }


def _notice(found: Facts, present: _Present, endpoints: Facts, choice: str) -> str:
    if choice != "auto" or found["kind"] != "ecdsa" or "rsa" not in endpoints:
        return ""
    state = "works" if present.works else "is not green"
    return (
        f"the server {present.name} stays on port {found['port']} (ECDSA, {state}), because keys may depend on it; "
        f"OVHcloud documents port {endpoints['rsa'].get('port') or OKMS_RSA} for vCenter, and {KMIP} does not work "
        "with vCenter 8. Set okms_move_endpoint: true to move it"
    )


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"okms_endpoint": shaped(okms_endpoint, AnsibleFilterError, TAKES)}
