# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about vCenter: the way to it, login, privileges, versions, hosts, TPM, clocks. Pure."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import version_tuple
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.life_cycle import (
    without_tpm_requirement,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import EXTERNAL, NATIVE
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.cloud import cloud_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.rows import (
    BLOCKING,
    OK,
    WARNING,
    Facts,
    Row,
    Rows,
    failure,
    listed,
    part,
    setting,
)

_PROVIDER = ("Cryptographer.ManageKeyServers", "Cryptographer.ManageKeys", "Cryptographer.ReadKeyServersInfo")
# native key providers: OVHcloud's guide vm-encrypt-vnkp; VM encryption itself came with vSphere 6.5
_OLDEST_HOST = {NATIVE: (7, 0, 2)}
_OLDEST_HOST_OF_OTHERS = (6, 5, 0)


def reachable(facts: Facts) -> Rows:
    """From here to vCenter, and in."""
    check = "vCenter reachable from the control node"
    kind, text = failure(facts, "vcenter")
    if kind:
        yield Row(check, BLOCKING, text, "correct the connection's options or variables that this names")
        return
    ready, name = part(facts, "vcenter", "readiness"), (facts.get("vcenter") or {}).get("vcenter")
    if not ready:
        return
    if not ready["reachable"]:
        yield Row(check, BLOCKING, str(ready["problem"]), _way_in(facts, ready))
    elif ready["problem_kind"] == "unsupported":
        yield Row("vCenter version", BLOCKING, str(ready["problem"]), "update vCenter")
    elif not ready["logged_in"]:
        yield Row(
            "vCenter login", BLOCKING, str(ready["problem"]), "correct user name and password, or enable the user"
        )
    else:
        yield Row(check, OK, f"{name}, logged in")
        yield Row("vCenter version", OK, f"{ready['version']} build {ready['build']}")


def _way_in(facts: Facts, ready: Facts) -> str:
    """What would let the control node in: the list of allowed networks first, as it is the usual reason."""
    cloud, address = cloud_of(facts), setting(facts, "address") or ready.get("source_address")
    if cloud.get("user_access_policy") == "filtered" and address:
        networks = [row["network"] for row in cloud.get("allowed_networks") or []]
        if not contains(networks, str(address)):
            call = f"POST /dedicatedCloud/{cloud['service_name']}/allowedNetwork"
            return (
                f"allow {entry(str(address))} to reach vCenter: add it to the allowed networks of "
                f"{cloud['service_name']} ({call}, or the security tab of the control panel){_private(str(address))}"
            )
    return f"check host name, port, routing and ca_path; the control node is {address or 'behind a proxy'}"


def contains(networks: t.Iterable[str], address: str) -> bool:
    """Whether one of the networks holds the address."""
    try:
        return any(ipaddress.ip_address(address) in ipaddress.ip_network(network, False) for network in networks)
    except ValueError:
        return False


def entry(address: str) -> str:
    """The network of one address."""
    return f"{address}/{128 if ':' in address else 32}"


def _private(address: str) -> str:
    try:
        hidden = ipaddress.ip_address(address).is_private
    except ValueError:
        return ""
    return ". That is a private address: set preflight_address to the public one" if hidden else ""


def privileges(facts: Facts) -> Rows:
    """What the user may do in vCenter."""
    ready = part(facts, "vcenter", "readiness")
    if not ready or ready["missing_privileges"] is None:
        return
    check = "vSphere privileges"
    missing = [name for name in ready["missing_privileges"] if name.startswith("Cryptographer.")]
    others = [name for name in ready["missing_privileges"] if name not in missing]
    needed = [name for name in missing if name in _PROVIDER]
    if not missing:
        yield Row(check, OK, "all privileges for encryption are granted")
    elif needed and setting(facts, "grant"):
        yield Row(check, OK, f"{len(missing)} are missing and come with the encryption right that the run grants")
    elif needed:
        yield Row(
            check,
            BLOCKING,
            f"missing {', '.join(missing)}",
            (
                f"name the user in {facts.get('option')}_vsphere_user, then the run grants it the encryption right, "
                "or grant it with the module private_cloud_user"
            ),
        )
    else:
        yield Row(
            check,
            WARNING,
            (
                f"key providers can be managed, but missing {', '.join(missing)}: some VM encryption operations will "
                "fail"
            ),
            "grant the vSphere user the encryption right",
        )
    if others:
        yield Row(
            "vSphere privileges of VMs, policies, vSAN",
            WARNING,
            f"missing {', '.join(others)}: some operations on VMs, storage policies or vSAN will fail",
            "give the vSphere user a role with these privileges on the virtual datacenter",
        )


def hosts(facts: Facts) -> Rows:
    """Versions and connections of the hosts."""
    ready = part(facts, "vcenter", "readiness")
    found = (ready or {}).get("hosts")
    if found is None or not ready:
        return
    oldest = _OLDEST_HOST.get(str(facts.get("option")), _OLDEST_HOST_OF_OTHERS)
    # a native provider counts for hosts of clusters only
    counted = [host for host in found if host["cluster"] or facts.get("option") != NATIVE]
    old = [host for host in counted if host["version"] and version_tuple(str(host["version"])) < oldest]
    gone = [host["name"] for host in found if host["connection_state"] != "connected"]
    if old:
        named = listed(f"{host['name']} ({host['version']})" for host in old)
        wanted = ".".join(str(number) for number in oldest)
        yield Row("ESXi versions", BLOCKING, f"{named} older than {wanted}", f"update these hosts to {wanted} or newer")
    elif found:
        versions = sorted({str(host["version"]) for host in found if host["version"]})
        yield Row("ESXi versions", OK, f"{plural(len(found), 'host')} of {', '.join(versions) or 'unknown version'}")
    if gone:
        yield Row("Hosts connected", WARNING, f"not connected: {listed(gone)}", "restore them before VMs are encrypted")


def tpm(facts: Facts) -> Rows:
    """TPM of the hosts, which a native key provider may ask for."""
    found = (part(facts, "vcenter", "readiness") or {}).get("hosts")
    if facts.get("option") != NATIVE or found is None:
        return
    members = [host for host in found if host["cluster"]]
    lacking = [host["name"] for host in members if host["tpm"] is False]
    unknown = [host["name"] for host in members if host["tpm"] is None]
    old = without_tpm_requirement((cloud_of(facts).get("life_cycle") or {}).get("commercial_names") or ())
    check, required = "TPM of the hosts", bool(setting(facts, "tpm_required"))
    if lacking and required:
        yield Row(
            check,
            BLOCKING if setting(facts, "tpm_blocking", True) else WARNING,
            f"{len(lacking)} of {len(members)} hosts have no TPM 2.0: {listed(lacking)}",
            (
                "set native_key_provider_tpm_required: false, which cannot change later, or remove these hosts from "
                "the clusters"
            ),
        )
    elif old and required:
        yield Row(
            check,
            WARNING,
            f"OVHcloud's guide requires none on ranges older than Premier, and there are {listed(old)}",
            "set native_key_provider_tpm_required: false, which cannot change later",
        )
    elif unknown and required:
        yield Row(check, WARNING, f"unknown for {listed(unknown)}", "check these hosts")
    else:
        yield Row(check, OK, f"{len(members) - len(lacking)} of {len(members)} hosts have one, required: {required}")


def clocks(facts: Facts) -> Rows:
    """Certificates and tokens are refused when clocks differ."""
    offsets = {"the control node": 0.0}
    rights = facts.get("rights") or {}
    if rights.get("clock_offset") is not None:
        offsets["OVHcloud"] = float(rights["clock_offset"])
    ready = part(facts, "vcenter", "readiness")
    if ready and ready["clock_offset"] is not None:
        offsets["vCenter"] = float(ready["clock_offset"])
    if len(offsets) < 2:
        return
    limit = float(setting(facts, "max_clock_difference", 60.0))
    spread = max(offsets.values()) - min(offsets.values())
    seen = ", ".join(f"{name} {value:+.0f} s" for name, value in offsets.items() if name != "the control node")
    words = f"compared with the control node: {seen}"
    if spread > limit:
        odd = odd_one(offsets)
        # a certificate that is signed here would begin at a time that the KMIP servers do not know yet
        harmless = odd == "the control node" and facts.get("option") != EXTERNAL
        severity = WARNING if harmless else BLOCKING
        yield Row("Clocks", severity, f"they differ by {spread:.0f} s; {words}", f"set the clock of {odd} by NTP")
    else:
        yield Row("Clocks", OK, words)


def odd_one(offsets: t.Mapping[str, float]) -> str:
    """Whose clock stands apart; with two clocks OVHcloud is believed."""
    if len(offsets) == 2:
        return next(name for name in ("vCenter", "the control node") if name in offsets)
    middle = sorted(offsets.values())[len(offsets) // 2]
    return max(offsets, key=lambda name: abs(offsets[name] - middle))
