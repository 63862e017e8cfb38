# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter okms_connection: whether KMS entries, key provider and trust are already as the role okms wants them."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: okms_connection
short_description: Tell whether vCenter is already connected to a KMIP endpoint
version_added: 0.1.0
description:
  - Compares what was read with what the role okms wants. When nothing is open, the role has nothing to write here, and
    reads nothing again.
  - What differs or is not known is open. The role then carries out its steps, based on what it reads right before
    them.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: The key provider as M(ovhcloud.vmware_encryption.key_provider_info) returns it, empty for none.
    type: dict
    required: true
  endpoint:
    description: The KMIP endpoint, see P(ovhcloud.vmware_encryption.okms_endpoint#filter).
    type: dict
    required: true
  seen:
    description: The KMIP server as M(ovhcloud.vmware_encryption.kmip_server_info) returns it with
      O(ovhcloud.vmware_encryption.kmip_server_info#module:every_address=true), checked against the CA or thumbprints of
      the role.
    type: dict
    default: {}
  entries:
    description: All KMS entries of the private cloud, as M(ovhcloud.vmware_encryption.private_cloud_info) returns them.
    type: list
    elements: dict
    default: []
  server:
    description: Name of the server in the key provider.
    type: str
    default: ""
  description:
    description: Description of the KMS entries. Null for any.
    type: str
"""

EXAMPLES = r"""
- name: Tell what is open
  ansible.builtin.debug:
    msg: "{{ (provider | ovhcloud.vmware_encryption.okms_connection(endpoint, server, entries, 'rbx')).open }}"
"""

RETURN = r"""
_value:
  description: What was found.
  type: dict
  contains:
    settled:
      description: Whether nothing is open.
      type: bool
    open:
      description: What is open, in words.
      type: list
      elements: str
"""

TAKES = "a key provider, an endpoint of okms_endpoint, a KMIP server and KMS entries"
Facts = t.Mapping[str, t.Any]


def okms_connection(
    provider: Facts,
    endpoint: Facts,
    seen: Facts | None = None,
    entries: t.Sequence[Facts] = (),
    server: str = "",
    description: str | None = None,
) -> dict[str, t.Any]:
    """What is open between vCenter and the endpoint."""
    if not isinstance(provider, t.Mapping) or not isinstance(endpoint, t.Mapping):
        raise AnsibleFilterError("okms_connection: the input is no key provider, or the endpoint none of okms_endpoint")
    places = _places(seen or {}, endpoint)
    found = [
        *(["the endpoint moves or is refused"] if endpoint.get("move") or endpoint.get("refused") else []),
        *(["its certificate was not judged at each address"] if not places else []),
        *_provider(provider, endpoint, server, set(places.values())),
        *(_entries(entries, endpoint, seen or {}, description) if places else []),
    ]
    return {"settled": not found, "open": found}


def _places(seen: Facts, endpoint: Facts) -> dict[str, str]:
    """SHA-256 by address; empty when the server was not judged, is another one, or an address did not answer."""
    if (seen.get("host"), seen.get("port")) != (endpoint.get("host"), endpoint.get("port")):
        return {}
    looked = seen.get("by_address") or []
    if not (seen.get("trusted") or {}).get("verdict") or not all(one.get("verdict") for one in looked):
        return {}
    return {str(one["address"]): str(one["sha256"]) for one in looked}


def _provider(provider: Facts, endpoint: Facts, name: str, known: t.Collection[str]) -> list[str]:
    wanted = (name, endpoint.get("host"), endpoint.get("port"))
    servers = [(one["name"], one["address"], one["port"]) for one in provider.get("servers") or []]
    if wanted not in servers:
        return ["the server is not registered there"]
    connections = [one for one in provider.get("connections") or [] if one["name"] == name]
    trusted = [one for one in connections if one["vcenter_trusts_server"]]
    if not any((one.get("certificate") or {}).get("sha256") in known for one in trusted):
        return ["vCenter does not trust the certificate that was judged"]
    return [] if provider.get("status") == "green" else ["the key provider is not green"]


def _entries(entries: t.Sequence[Facts], endpoint: Facts, seen: Facts, description: str | None) -> list[str]:
    addresses = {str(one["address"]): str(one["sha1"]) for one in seen["by_address"] if ":" not in str(one["address"])}
    found = []
    for address, sha1 in sorted(addresses.items()):
        here = [entry for entry in entries if entry["ip"] == address]
        if len(here) != 1 or not _fine(here[0], sha1, endpoint.get("port"), description):
            found.append(f"the KMS entry of {address}")
    host = str(endpoint.get("host") or "").lower()
    left = [one for one in entries if one["ip"] not in addresses and host in str(one.get("description")).lower()]
    return [*found, *(f"the KMS entry of {one['ip']}, an earlier address" for one in left)]


def _fine(entry: Facts, sha1: str, port: t.Any, description: str | None) -> bool:
    return (
        entry["state"] == "delivered"
        and entry["thumbprint"] == sha1
        and entry["port"] in (None, port)
        and description in (None, entry["description"])
    )


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"okms_connection": shaped(okms_connection, AnsibleFilterError, TAKES)}
