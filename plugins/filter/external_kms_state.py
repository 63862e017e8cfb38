# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter external_kms_state: how far vCenter and the KMIP servers of the team are with each other."""

from __future__ import annotations

import posixpath
import re
import shlex
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.lifetimes import Life, life_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.thumbprints import (
    digits_of,
    thumbprint_of,
)

DOCUMENTATION = r"""
name: external_kms_state
short_description: Tell how far the connection between a KMS of your own and vCenter has come
version_added: 0.1.0
description:
  - Takes what the role external_kms has read and done so far, and tells which servers answer, which KMS entries are
    open, how good vCenter's certificate is, and what somebody has to do outside of Ansible.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input, options
options:
  _input:
    description:
      - Registered results by what they are. V(servers) is that of M(ovhcloud.vmware_encryption.kmip_server_info),
        looped over names, V(entries) that of M(ovhcloud.vmware_encryption.private_cloud_kms), looped over hosts,
        V(providers) the results of M(ovhcloud.vmware_encryption.key_provider_info), the newest first, and V(finished)
        the last one of all.
      - V(activated) is the result of M(ovhcloud.vmware_encryption.key_provider_client_certificate) that activated
        a certificate, V(made) that of a self-signed one that was only generated, and V(csr) the result of
        M(ovhcloud.vmware_encryption.key_provider_csr).
      - What was not read or done yet is empty.
    type: dict
    required: true
  options:
    description:
      - C(identity), C(renew_before), C(fail_below), C(csr_path) and C(certificate_path), C(given), the SHA-256
        thumbprint of the certificate that somebody gives, and C(imported), that of a successor that the KMS knows.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show which servers answer
  ansible.builtin.debug:
    msg: "{{ (read | ovhcloud.vmware_encryption.external_kms_state(options)).answering }}"
"""

RETURN = r"""
_value:
  description: The state.
  type: dict
  contains:
    there:
      description: Results of the servers that answer, with C(item) and C(kmip_server).
      type: list
      elements: dict
    answering:
      description: Names of these servers.
      type: list
      elements: str
    silent:
      description: What was said about the others.
      type: list
      elements: str
    hosts:
      description: Their hosts that have an IPv4 address, which KMS entries need.
      type: list
      elements: str
    thumbprints:
      description: For each IPv4 address the SHA-1 thumbprint of the first server that answers there.
      type: dict
    entries:
      description: The KMS entries.
      type: list
      elements: dict
    unopened:
      description: Whether, in check mode, some of these entries do not exist yet.
      type: bool
    undelivered:
      description: Hosts of green servers whose entries OVHcloud has not delivered yet.
      type: list
      elements: str
    provider:
      description: The key provider before vCenter got a certificate, empty when there is none.
      type: dict
    in_use:
      description: SHA-256 thumbprint of vCenter's certificate, empty when it has none.
      type: str
    accepted:
      description: Whether a server accepts that certificate.
      type: bool
    common_name:
      description: Its common name, empty unless a server accepts it. A KMS that identifies its clients by that name
        gives the keys to no client with another name.
      type: str
    name_at_end:
      description: Common name of the certificate that was read last, empty unless a server accepts it.
      type: str
    fresh:
      description: Whether the certificate in C(in_use) lasts long enough.
      type: bool
    settled:
      description: Whether a server accepts that certificate, and it lasts long enough.
      type: bool
    end:
      description: The key provider as it was read last.
      type: dict
    usable:
      description: Whether a server and vCenter trust each other.
      type: bool
    starts:
      description: Whether a self-signed certificate may come into use before anybody says that the KMS knows it,
        because no server accepts that of vCenter, and it is no successor, or its predecessor has ended.
      type: bool
    confirmed:
      description: Whether a self-signed successor waits, and somebody says that the KMS knows it.
      type: bool
    to_import:
      description: The self-signed certificate that the KMS has to know, empty when it knows it.
      type: str
    given:
      description: The first result by which vCenter got a certificate, empty when there is none.
      type: dict
    lasts:
      description: Whether the certificate that vCenter has now lasts long enough. One that was given in this run
        always counts as such.
      type: bool
    answers:
      description: Whether the certificate that somebody gives has to be activated.
      type: bool
    waits_for:
      description: What somebody has to do outside of Ansible, empty when nothing.
      type: str
    pressing:
      description: Whether that cannot wait, because no server accepts vCenter's certificate, or because it ends soon.
      type: bool
"""

TAKES = "what the role external_kms has read, and its options"
Facts = t.Mapping[str, t.Any]
_IPV4 = re.compile(r"[0-9.]+")
_COMMON_NAME = re.compile(r"(?:^|(?<!\\),)CN=((?:\\.|[^,+\\])+)")  # of a subject in the form of RFC 4514
_WAYS = ("activated", "made")


def external_kms_state(read: Facts, options: Facts) -> dict[str, t.Any]:
    """How far it is."""
    if not isinstance(read, t.Mapping) or "servers" not in read:
        raise AnsibleFilterError("external_kms_state: the input has no servers, the result of kmip_server_info")
    servers, end = _servers(read), _provider([read.get("finished") or {}, *(read.get("providers") or [])])
    provider = _provider(read.get("providers") or [])
    return {**servers, **_entries(read, servers, end), **_identity(read, options, provider, end)}


def _results(read: Facts, key: str) -> list[Facts]:
    return list((read.get(key) or {}).get("results") or [])


def _servers(read: Facts) -> dict[str, t.Any]:
    asked = _results(read, "servers")
    there = [one for one in asked if "kmip_server" in one]
    places = [(str(ip), one["kmip_server"]) for one in there for ip in one["kmip_server"]["addresses"]]
    known = [(ip, server) for ip, server in places if _IPV4.fullmatch(ip)]
    return {
        "there": there,
        "answering": [str(one["item"]) for one in there],
        "silent": [str(one.get("msg") or "") for one in asked if one not in there and one.get("msg")],
        "hosts": list(dict.fromkeys(str(server["host"]) for _ip, server in known)),
        # the first one that answers at an address counts
        "thumbprints": {ip: server["sha1"] for ip, server in reversed(known)},
    }


def _provider(results: t.Sequence[Facts]) -> Facts:
    for one in results:
        for provider in (one or {}).get("key_providers") or []:
            return t.cast(Facts, provider)
    return {}


def _entries(read: Facts, servers: Facts, end: Facts) -> dict[str, t.Any]:
    by_host = [(str(one["item"]), one["kms_entries"]) for one in _results(read, "entries") if "kms_entries" in one]
    entries = [entry for _host, found in by_host for entry in found]
    green = {one["name"] for one in end.get("connections") or [] if one["status"] == "green"}
    hosts = {one["kmip_server"]["host"] for one in servers["there"] if one["item"] in green}
    late = [host for host, found in by_host if any(entry["state"] != "delivered" for entry in found)]
    return {
        "entries": entries,
        "unopened": any(entry["id"] is None for entry in entries),
        "undelivered": [host for host in dict.fromkeys(late) if host in hosts],
    }


def _life(provider: Facts, options: Facts) -> Life:
    limits = [None if limit in (None, "") else int(limit) for limit in map(options.get, ("renew_before", "fail_below"))]
    return life_of(provider.get("client_certificate") or {}, *limits)


def _identity(read: Facts, options: Facts, provider: Facts, end: Facts) -> dict[str, t.Any]:
    """vCenter's certificate: how good it is, what the KMS still has to know, and what somebody has to do."""
    accepted = any(one["server_trusts_vcenter"] for one in provider.get("connections") or [])
    fresh = _life(provider, options).lasts
    both = [one for one in end.get("connections") or [] if one["vcenter_trusts_server"]]
    made = (read.get("made") or {}).get("client_certificate") or {}
    successor = made.get("waiting") or ""
    given = [one for one in (read.get(way) or {} for way in _WAYS) if one.get("changed")]
    state = {
        "provider": provider,
        "in_use": (provider.get("client_certificate") or {}).get("sha256") or "",
        "accepted": accepted,
        "common_name": _common_name(provider) if accepted else "",
        # what a dossier holds for the day on which no server accepts it any more
        "name_at_end": _common_name(end) if any(one["server_trusts_vcenter"] for one in both) else "",
        "fresh": fresh,
        "settled": accepted and fresh,
        "end": end,
        "usable": any(one["server_trusts_vcenter"] for one in both),
        "starts": not accepted and (fresh or _ended(provider)),
        "confirmed": bool(successor) and digits_of(thumbprint_of(successor)) == digits_of(_imported(options)),
        # a successor, or the one that came into use before the KMS knew it
        "to_import": successor or ("" if accepted else made.get("certificate") or ""),
        "given": next(iter(given), {}),
        # one that was taken in this run is not asked for again, however short it is
        "lasts": bool((read.get("activated") or {}).get("changed")) or _life(end, options).lasts,
    }
    in_use = accepted and state["in_use"] == options.get("given")
    state["answers"] = bool(provider.get("name") and options.get("given") and not in_use)
    pressing = not state["usable"] or _life(end, options).alarming
    ways = {"key_pair": _pair_to_come, "csr": _signature_to_come, "self_signed": _import_to_come}
    way = ways.get(options["identity"])
    waits_for = way(read, options, state) if way and provider.get("name") else ""
    return {**state, "waits_for": waits_for, "pressing": pressing}


def _imported(options: Facts) -> str:
    return str(options.get("imported") or "")


def _ended(provider: Facts) -> bool:
    """Whether there is no risk: a KMS that refuses vCenter, maybe for a moment, is no reason for a successor."""
    certificate = provider.get("client_certificate") or {}
    left = certificate.get("days_left")
    return not certificate or (left is not None and int(left) < 0)


def _common_name(provider: Facts) -> str:
    found = _COMMON_NAME.search(str((provider.get("client_certificate") or {}).get("subject") or ""))
    return re.sub(r"\\(.)", r"\1", found.group(1)) if found else ""


def _ends(state: Facts) -> str:
    return str((state["end"].get("client_certificate") or {}).get("not_after") or "")


def _pair_to_come(read: Facts, options: Facts, state: Facts) -> str:
    again, files = "run again with", "external_kms_certificate_file and external_kms_private_key_file"
    if not state["usable"]:
        return f"The KMS accepts no certificate of vCenter yet: {again} {files}"
    if state["lasts"]:
        return ""
    follow = f"{again} the certificate and key that follow, as {files}"
    return f"The certificate of vCenter expires on {_ends(state)}: {follow}"


def _signature_to_come(read: Facts, options: Facts, state: Facts) -> str:
    if not ((read.get("csr") or {}).get("csr") or {}).get("pending"):
        return ""
    request = str(options["csr_path"])
    signed = f"{posixpath.splitext(request)[0]}.pem"
    example = (
        f"echo extendedKeyUsage=clientAuth > client.ext && openssl x509 -req -in {shlex.quote(request)} "
        "-CA clients-ca.pem -CAkey clients-ca.key -CAcreateserial -days 365 -extfile client.ext "
        f"-out {shlex.quote(signed)}"
    )
    return (
        f"Have the request in {request} (also shown above) signed for a TLS client, by the CA that the KMS trusts for "
        f"its clients, for example: {example} . Then run the same command again with "
        f"external_kms_certificate_file={signed}. Until then, a run changes nothing, and the request stays the same"
    )


def _import_to_come(read: Facts, options: Facts, state: Facts) -> str:
    activated = bool((read.get("activated") or {}).get("changed"))
    successor = ((read.get("made") or {}).get("client_certificate") or {}).get("waiting")
    if not state["to_import"] or activated or (state["usable"] and not successor):
        return ""
    text = f"Import the certificate in {options['certificate_path']} into the KMS as that of a client, then run again"
    if not successor:
        return text
    known = f"external_kms_imported_thumbprint={thumbprint_of(state['to_import'])}"
    return f"{text}, with {known}. The present certificate stays in use until then; it expires on {_ends(state)}"


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"external_kms_state": shaped(external_kms_state, AnsibleFilterError, TAKES)}
