# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for the options of roles beyond their types: what a later step would refuse, told before the first write."""

from __future__ import annotations

import posixpath
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.values import quoted
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.hosts import check_host
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.thumbprints import digits_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.identities import is_identity

Options = t.Mapping[str, t.Any]
OptionRule = t.Callable[[Options], t.Iterable[str]]

# by the part of the name after the role's own, so one line holds for every role
_LEAST = {
    "backup_max_age": 0,
    "backup_places_required": 1,
    "canary": 0,
    "critical_days": 0,
    "disk_rate": 1,
    "fail_below": 0,
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
    "validity": 2,  # its first day has begun when it is issued
    "wait_interval": 0,
    "wait_timeout": 0,
    "warn_days": 0,
    "wave_max_failures": 0,
    "wave_size": 1,
}
_THUMBPRINTS = ("backup_sha256", "imported_thumbprint", "kms_thumbprints", "server_thumbprints")
_CERTIFICATES = ("ca_certificate", "certificate", "kms_ca", "server_ca", "test_certificate")
_KEYS = ("ca_private_key", "private_key", "test_private_key")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
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
    stream = options.get("log_stream_id")
    if stream and not _UUID.fullmatch(stream.strip()):
        yield f"log_stream_id: {quoted(stream)} is not the id of a stream of Logs Data Platform (a UUID)"
    for text in options.get("identity_urns") or []:
        if not is_identity(text):
            yield f"identity_urns: {quoted(text)} is not the URN of an identity (urn:v1:eu:identity:...)"


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
    return bool(re.fullmatch(r"[0-9A-F]{64}", digits_of(text)))


def _renewal(options: Options) -> t.Iterator[str]:
    """A certificate that is near its end from its first day would be replaced in every run."""
    signs = options.get("identity", "ca") == "ca"  # a KMS of one's own has other ways to a certificate
    if signs and options["renew_before"] is not None and options["validity"] <= options["renew_before"] + 1:
        # its first day has begun when it is issued
        least = options["renew_before"] + 2
        yield f"validity: {options['validity']} days is less than {least}, two more than renew_before"


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


def _removed(options: Options) -> t.Iterator[str]:
    wanted = {server.get("name") for server in options.get("servers") or []}
    for name in options["remove_servers"]:
        if name in wanted:
            yield f"remove_servers: {quoted(name)} is also in servers; keep it in one of the two"


def _native(options: Options) -> t.Iterator[str]:
    if "/" in (options["name"] or ""):
        yield "name: the name of a native key provider must not contain /"
    if options["vsphere_user"] and not options["private_cloud"]:
        yield "private_cloud: it is required with vsphere_user"
    places, required = len(options["backup_copies"]) + len(options["backup_places"]), options["backup_places_required"]
    if places and required is not None and required > places:
        yield f"backup_places_required: {required} is more than the {places} places"
    # one copy would count for two of the places that are required
    copies = {_spot(copy) for copy in options["backup_copies"]}
    for host, path in dict.fromkeys(map(_spot, options["backup_places"])):
        if (host, path) in copies:
            yield f"backup_places: {quoted(f'{host}:{path}')} is also in backup_copies; keep it in one of the two"


def _spot(place: t.Mapping[str, t.Any]) -> tuple[str, str]:
    """Host and path of a copy; no copy has the host of a secret, which is empty."""
    return str(place.get("host") or ""), posixpath.normpath(str(place.get("path") or ""))


def _selection(options: Options) -> t.Iterator[str]:
    if options["selection"] is not None and not any(options["selection"].values()):
        yield "selection: it selects no VM; all: true selects every VM"


def _waves(options: Options) -> t.Iterator[str]:
    if options["wait_timeout"] < 1:
        yield f"wait_timeout: {options['wait_timeout']} is less than 1"


def _policy(options: Options) -> t.Iterator[str]:
    if options["create_policy"] and not options["policy"]:
        yield "policy: it is required with create_policy"


def _mode(options: Options) -> t.Iterator[str]:
    if options["mode"].isalnum() and not re.fullmatch("0?[0-7]{3}", options["mode"]):
        yield f"mode: {quoted(options['mode'])} is not a file mode, such as '0600'"


def _metrics(options: Options) -> t.Iterator[str]:
    if not re.fullmatch("0?[0-7]{3}", options["metrics_mode"]):
        yield f"metrics_mode: {quoted(options['metrics_mode'])} is not a file mode, such as '0644'"


def _doctor(options: Options) -> t.Iterator[str]:
    for name, most in (("days", _MOST_DAYS), ("limit", 999)):
        if not 1 <= options[name] <= most:
            yield f"{name}: {options[name]} is not from 1 to {most}"
    if options["since"] and not re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?", options["since"].strip()):
        yield f"since: {quoted(options['since'])} is neither a date (2026-11-29) nor a time (2026-11-29T08:00:00Z)"


def _awx(options: Options) -> t.Iterator[str]:
    if options["state"] == "absent":
        if options["confirm"] != options["organization"]:
            name = quoted(options["organization"])
            yield f"confirm: type the name of the organization, {name}, to remove what the role has made in it"
        return
    if options["daily_option"] == "external_kms" and not options["kms_servers"]:
        yield "kms_servers: required because daily_option is external_kms"


_ROLES: dict[str, tuple[OptionRule, ...]] = {
    "awx": (_awx,),
    "doctor": (_doctor,),
    "drift_check": (_metrics,),
    "encryption_audit": (_mode, _metrics),
    "encryption_exit": (_waves,),
    "external_kms": (_renewal, _servers, _removed),
    "key_provider_migration": (_waves,),
    "key_rotation": (_selection, _waves),
    "native_key_provider": (_native,),
    "okms": (_okms, _renewal),
    "preflight": (_servers,),
    "vm_encryption": (_selection, _waves, _policy),
}
