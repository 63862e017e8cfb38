# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for the options of roles beyond their types: what a later step would refuse, told before the first write."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.values import quoted
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.hosts import check_host

Options = t.Mapping[str, t.Any]
OptionRule = t.Callable[[Options], t.Iterable[str]]

# by the part of the name after the role's own, so one line holds for every role
_LEAST = {
    "backup_max_age": 0,
    "batch": 1,
    "canary": 0,
    "critical_days": 0,
    "html_rows": 0,
    "import_timeout": 0,
    "max_clock_difference": 0,
    "max_failures": 0,
    "max_parallel": 1,
    "max_parallel_per_datastore": 1,
    "max_parallel_per_host": 1,
    "max_price": 0,
    "refused_timeout": 0,
    "renew_before": 0,
    "replaces_order": 0,
    "shutdown_timeout": 1,
    "validity": 1,
    "wait_interval": 0,
    "wait_timeout": 0,
    "warn_days": 0,
    "wave_max_failures": 0,
}
_THUMBPRINTS = ("backup_sha256", "imported_thumbprint", "kms_thumbprints", "server_thumbprints")
_CERTIFICATES = ("ca_certificate", "certificate", "kms_ca", "server_ca", "test_certificate")
_KEYS = ("ca_private_key", "private_key", "test_private_key")
_PREFIX = re.compile(r"sha-?(?:1|256)[^:=]*[:=]", re.IGNORECASE)
_KINDS_OF_IDENTITIES = ("user", "group", "service_account")
_MOST_DAYS, _LONGEST_NAME, _MOST_URNS = 365, 50, 25  # of an access certificate of OKMS


def broken(role: str, options: Options) -> list[str]:
    """What is wrong with the options, whose names come without that of the role; each text begins with a name."""
    found = [text for rule in (_numbers, _texts, _pem, *_ROLES.get(role, ())) for text in rule(options)]
    return [f"{role}_{text}" for text in found]


def _numbers(options: Options) -> t.Iterator[str]:
    for name, least in _LEAST.items():
        value = options.get(name)
        if value is not None and value < least:
            yield f"{name}: {value} is less than {least}"


def _texts(options: Options) -> t.Iterator[str]:
    for name in _THUMBPRINTS:
        for text in _listed(options.get(name)):
            if not _is_thumbprint(text):
                yield f"{name}: {quoted(text)} is not a SHA-256 thumbprint (64 hexadecimal digits)"
    for text in options.get("identity_urns") or []:
        if not text.startswith("urn:"):
            yield f"identity_urns: {quoted(text)} is not the URN of an identity (urn:v1:...)"


def _pem(options: Options) -> t.Iterator[str]:
    for names, mark, kind in ((_CERTIFICATES, "-----BEGIN", "certificate"), (_KEYS, "PRIVATE KEY-----", "private key")):
        for name in names:
            if not options.get(name) or mark in options[name]:
                continue
            file = options.get(f"{name}_file")
            if file:
                yield f"{name}_file: {file} contains no {kind} in PEM form"
            else:
                yield f"{name}: the text is not a {kind} in PEM form; give the text itself, or a path in {name}_file"


def _listed(value: t.Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _is_thumbprint(text: str) -> bool:
    plain = text.strip().strip("\"'")
    prefix = _PREFIX.match(plain)
    digits = re.sub(r"[\s:-]", "", plain[prefix.end() :] if prefix else plain)
    return bool(re.fullmatch(r"[0-9a-fA-F]{64}", digits))


def _renewal(options: Options) -> t.Iterator[str]:
    """A certificate that is near its end from its first day would be replaced in every run."""
    signs = options.get("identity", "ca") == "ca"  # a KMS of one's own has other ways to a certificate
    if signs and options["validity"] <= options["renew_before"]:
        yield f"validity: {options['validity']} days is not more than renew_before ({options['renew_before']})"


def _okms(options: Options) -> t.Iterator[str]:
    if options["validity"] > _MOST_DAYS:
        yield f"validity: {options['validity']} is more than the {_MOST_DAYS} days that OKMS allows"
    if len(options["credential_name"]) > _LONGEST_NAME:
        yield f"credential_name: it has more than {_LONGEST_NAME} characters"
    if len(options["identity_urns"]) > _MOST_URNS:
        yield f"identity_urns: {len(options['identity_urns'])} are more than the {_MOST_URNS} that OKMS allows"
    if options["iam_policy"].startswith("ovh-"):
        yield "iam_policy: names that start with ovh- are reserved for OVHcloud"
    for text in options["iam_users"]:
        kind, _colon, name = text.partition(":")
        if not (text in ("account", "*") or text.startswith("urn:v1:") or (kind in _KINDS_OF_IDENTITIES and name)):
            yield f"iam_users: {quoted(text)} is neither a URN (urn:v1:...) nor account, user:NAME, group:NAME"


def _servers(options: Options) -> t.Iterator[str]:
    for name in ("servers", "kms_servers"):
        seen = set()
        for server in options.get(name) or []:
            label = server.get("name") or server.get("address", "")
            if label in seen:
                yield f"{name}: {quoted(label)} is given twice"
            seen.add(label)
            port = server.get("port", 1)
            if isinstance(port, int) and not 0 < port < 65536:
                yield f"{name}: {quoted(label)} has the port {port}, which is not between 1 and 65535"
            try:
                check_host(name, server.get("address", ""))
            except InvalidInputError as error:
                yield str(error)
            if server.get("thumbprint") and not _is_thumbprint(server["thumbprint"]):
                yield f"{name}: the thumbprint of {quoted(label)} is not a SHA-256 thumbprint (64 hexadecimal digits)"


def _native(options: Options) -> t.Iterator[str]:
    if "/" in (options["name"] or ""):
        yield "name: the name of a native key provider must not contain /"
    if options["vsphere_user"] and not options["private_cloud"]:
        yield "private_cloud: it is required with vsphere_user"


def _selection(options: Options) -> t.Iterator[str]:
    if options["selection"] is not None and not any(options["selection"].values()):
        yield "selection: it selects no VM; all: true selects every VM"


def _policy(options: Options) -> t.Iterator[str]:
    if options["create_policy"] and not options["policy"]:
        yield "policy: it is required with create_policy"


def _mode(options: Options) -> t.Iterator[str]:
    if options["mode"].isalnum() and not re.fullmatch("0?[0-7]{3}", options["mode"]):
        yield f"mode: {quoted(options['mode'])} is not a file mode, such as '0600'"


def _awx(options: Options) -> t.Iterator[str]:
    if options["state"] == "absent":
        if options["confirm"] != options["organization"]:
            name = quoted(options["organization"])
            yield f"confirm: type the name of the organization, {name}, to remove what the role has made in it"
        return
    if options["daily_option"] == "external_kms" and not options["kms_servers"]:
        yield "kms_servers: is missing, and needed when external_kms is what runs daily"


_ROLES: dict[str, tuple[OptionRule, ...]] = {
    "awx": (_awx,),
    "encryption_audit": (_mode,),
    "external_kms": (_renewal, _servers),
    "key_rotation": (_selection,),
    "native_key_provider": (_native,),
    "okms": (_okms, _renewal),
    "preflight": (_servers,),
    "vm_encryption": (_selection, _policy),
}
