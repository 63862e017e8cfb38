# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter decommission_plan: who needs a key provider, and what belongs to it at OVHcloud."""

from __future__ import annotations

import re
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: decommission_plan
short_description: List what needs a key provider, and what belongs to it at OVHcloud
version_added: 0.1.0
description:
  - Takes what the role decommission has read so far, and lists what needs the key provider, which defaults another one
    must replace, and which access certificates, KMS entries and policy belong to it alone.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input, options
options:
  _input:
    description:
      - Registered results by their subject. V(info) is that of M(ovhcloud.vmware_encryption.key_provider_info) with its
        users, V(dossier) that of M(ovhcloud.vmware_encryption.recovery_dossier_info), V(domains) that of
        M(ovhcloud.vmware_encryption.okms_info), V(credentials) that of
        M(ovhcloud.vmware_encryption.okms_credential_info), and V(kms_entries) that of
        M(ovhcloud.vmware_encryption.private_cloud_kms), looped over the hosts in check mode.
      - Empty if not read yet.
    type: dict
    required: true
  options:
    description:
      - The role's options without their prefix, from C(provider) to C(okms_endpoint), after the role's checks.
      - Also C(going), names of key providers that are removed before this one.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what needs the key provider
  ansible.builtin.debug:
    msg: "{{ ({'info': providers} | ovhcloud.vmware_encryption.decommission_plan(options)).users }}"
"""

RETURN = r"""
_value:
  description: What follows from it.
  type: dict
  contains:
    provider:
      description: The key provider as vCenter has it, empty if it is gone.
      type: dict
    successor:
      description: The key provider that replaces its defaults, empty if there is none with that name.
      type: dict
    other_natives:
      description: Names of the other native key providers.
      type: list
      elements: str
    domain:
      description: Its OKMS domain, empty if it was not read or is gone.
      type: dict
    default_clusters:
      description: Clusters whose default the successor is afterwards.
      type: list
      elements: str
    users:
      description: One line for each user of its keys. Defaults do not count as users.
      type: list
      elements: str
    defaults:
      description: One line for each default.
      type: list
      elements: str
    known:
      description: What the recovery dossier says about it.
      type: dict
    okms_id:
      description: Id of its OKMS domain, empty if it is not known.
      type: str
    private_cloud:
      description: Name of the private cloud, empty if it is not known.
      type: str
    credential_name:
      description: Name of its access certificates.
      type: str
    policy:
      description: Name of the IAM policy for its keys.
      type: str
    log_stream_id:
      description: Id of the stream to which its OKMS domain's audit logs go, empty if it is not known.
      type: str
    log_kinds:
      description: Kinds of these logs. Empty for all.
      type: list
      elements: str
    hosts:
      description: Hosts of its KMS entries. They are known without vCenter, even if the provider is gone.
      type: list
      elements: str
    strange:
      description: Addresses of its servers that are none of these hosts.
      type: list
      elements: str
    other_hosts:
      description: Hosts that other key providers need.
      type: list
      elements: str
    shared:
      description: Hosts whose KMS entries stay, because others need them.
      type: list
      elements: str
    ours:
      description: Its access certificates.
      type: list
      elements: dict
    to_revoke:
      description: Those of them that no other key provider presents.
      type: list
      elements: dict
    presented:
      description: Names of the access certificates that it presents now.
      type: list
      elements: str
    neighbours:
      description: What else works with the OKMS domain, in words.
      type: list
      elements: str
"""

TAKES = "what the role decommission has read, and its options"
Facts = t.Mapping[str, t.Any]
Rows = t.Sequence[Facts]


def decommission_plan(read: Facts, options: Facts) -> dict[str, t.Any]:
    """What follows from what was read."""
    if not isinstance(read, t.Mapping) or "info" not in read:
        raise AnsibleFilterError("decommission_plan: the input has no info, the result of key_provider_info")
    return _Plan(read, options).facts()


class _Plan:
    """The key provider among the others of its vCenter."""

    def __init__(self, read: Facts, options: Facts) -> None:
        self._options = options
        self._name = options["provider"]
        info = read["info"] or {}
        self._present: Rows = info.get("key_providers") or []
        self._missing: Rows = info.get("missing_key_providers") or []
        going = [self._name, *(options.get("going") or [])]
        self._others = [one for one in self._present if one["name"] not in going]
        self._provider = _first(one for one in self._present if one["name"] == self._name)
        self._successor = _first(one for one in self._others if one["name"] == options["new_default"])
        self._known = self._in_dossier(read.get("dossier") or {})
        self._domain = _first((read.get("domains") or {}).get("okms_domains") or [])
        listed = (read.get("credentials") or {}).get("credentials") or []
        self._certificates = [one for one in listed if one["status"] != "DELETING"]
        self._entries: Rows = (read.get("kms_entries") or {}).get("results") or []
        self._private_cloud = self._of_cloud()

    def facts(self) -> dict[str, t.Any]:
        """All of it."""
        hosts, other_hosts = self._hosts(), _unique(address for one in self._others for address in _addresses(one))
        ours = [one for one in self._certificates if one["name"] == self._credential_name()]
        shown = {(one.get("client_certificate") or {}).get("sha256") for one in self._others}
        to_revoke = [one for one in ours if one["certificate_sha256"] not in shown - {None}]
        return {
            "provider": self._provider,
            "successor": self._successor,
            "other_natives": [str(one["name"]) for one in self._others if one.get("type") == "native"],
            "domain": self._domain,
            "default_clusters": sorted({*_clusters(self._successor), *_clusters(self._provider)}),
            **self._needs(),
            "known": self._known,
            "okms_id": self._options["okms_id"] or (self._known.get("okms") or {}).get("id") or "",
            "private_cloud": self._private_cloud,
            "credential_name": self._credential_name(),
            "policy": self._policy(),
            **self._logs(),
            "hosts": hosts,
            "strange": [address for address in _addresses(self._provider) if address not in hosts],
            "other_hosts": other_hosts,
            "shared": [one["item"] for one in self._entries if "needed_by" in (one.get("failure") or {})],
            "ours": ours,
            "to_revoke": to_revoke,
            "presented": [one["name"] for one in self._certificates if self._presents(one)],
            "neighbours": [*self._neighbours(), *self._other_certificates(to_revoke)],
        }

    def _in_dossier(self, dossier: Facts) -> Facts:
        for part in ("providers", "retired"):
            found = (dossier.get(part) or {}).get(self._name)
            if found:
                return t.cast(Facts, found)
        return {}

    def _needs(self) -> dict[str, list[str]]:
        """Users and defaults, also of a provider that vCenter has lost although VMs need it."""
        rows = [one for one in (*self._present, *self._missing) if one["name"] == self._name]
        users = [line for one in rows for line in one.get("needed_by") or []]
        uses = [one.get("users") or {} for one in rows]
        clusters = [f"default of cluster {name}" for use in uses for name in use.get("clusters_default") or []]
        system = ["system default"] if any(use.get("system_default") for use in uses) else []
        return {"users": [*users, *self._options["in_use_by"]], "defaults": [*clusters, *system]}

    def _variable(self, *names: str) -> str:
        """The first of these variables that the dossier holds."""
        held = self._known.get("variables") or {}
        return next((str(held[name]) for name in names if held.get(name)), "")

    def _of_cloud(self) -> str:
        return self._options["private_cloud"] or self._variable("okms_private_cloud", "external_kms_private_cloud")

    def _credential_name(self) -> str:
        given = self._options["credential_name"] or self._variable("okms_credential_name")
        return given or f"vcenter-{self._private_cloud}"

    def _policy(self) -> str:
        given = self._options["policy"] or (self._known.get("okms") or {}).get("policy")
        return str(given or f"okms-{self._private_cloud}-{re.sub('[^A-Za-z0-9_-]+', '-', self._name)}-kmip")

    def _logs(self) -> dict[str, t.Any]:
        """Where the logs of the domain go; what the dossier says of kinds is of its own stream."""
        held, given = self._known.get("okms") or {}, self._options.get("log_stream_id") or ""
        known = str(held.get("log_stream_id") or "")
        kinds = list(held.get("log_kinds") or []) if given.lower() in ("", known.lower()) else []
        return {"log_stream_id": given or known, "log_kinds": kinds}

    def _endpoints(self, kinds: t.Collection[str]) -> list[str]:
        endpoints = self._domain.get("kmip_endpoints") or {}
        return [str(one["host"]) for kind, one in endpoints.items() if one and kind in kinds]

    def _hosts(self) -> list[str]:
        choice = self._options["okms_endpoint"]
        # an entry may be there for either endpoint
        of_domain = self._endpoints(("rsa", "ecdsa") if choice == "auto" else (choice,))
        return _unique([*self._options["kms_hosts"], *_addresses(self._known), *of_domain])

    def _presents(self, certificate: Facts) -> bool:
        own = (self._provider.get("client_certificate") or {}).get("sha256")
        return bool(own) and certificate["certificate_sha256"] == own

    def _neighbours(self) -> list[str]:
        hosts = self._endpoints(("rsa", "ecdsa"))
        return [f"key provider {one['name']}" for one in self._others if set(_addresses(one)) & set(hosts)]

    def _other_certificates(self, to_revoke: Rows) -> list[str]:
        at_work = [one for one in self._certificates if one["status"] in ("READY", "CREATING")]
        return _unique(f"access certificate {one['name']}" for one in at_work if one not in to_revoke)


def _first(rows: t.Iterable[Facts]) -> Facts:
    return next(iter(rows), {})


def _unique(texts: t.Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _clusters(provider: Facts) -> list[str]:
    return list(provider.get("default_clusters") or [])


def _addresses(provider: Facts) -> list[str]:
    return [str(server["address"]) for server in provider.get("servers") or []]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"decommission_plan": shaped(decommission_plan, AnsibleFilterError, TAKES)}
