# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table of differences: each changes one thing of a site in order, and gives the rows that it should."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.finding import KINDS
from ansible_collections.ovhcloud.vmware_encryption.tests.unit.plugins.module_utils._drift.drift_site import (
    CREDENTIAL,
    DOMAIN,
    ENTRY,
    HOST,
    POLICY,
    Change,
    backup,
    each,
    found,
    kms,
    lost_trust,
    named_twice,
    provider,
    second_address,
    seen,
    untrusted,
)

# what is changed; severity, kind, a part of what is found, whether it can be repaired
Row = tuple[str, str, str, str]
CASES: dict[str, tuple[Change, list[Row]]] = {
    "address without an entry": (
        lambda f: second_address(f, "AA:01"),
        [("warning", "kms_entry", "none", "possible")],
    ),
    "address without an entry that does not answer": (
        lambda f: second_address(f, None),
        [("warning", "kms_entry", "none", "no")],
    ),
    "address of which nothing was looked at": (
        lambda f: seen(f)["addresses"].append("192.0.2.51"),
        [("warning", "kms_entry", "none", "no")],
    ),
    "addresses that were not looked at one by one": (
        lambda f: seen(f).update(addresses=["192.0.2.50", "192.0.2.51"], by_address=None),
        [("warning", "kms_entry", "none", "no")],
    ),
    "old thumbprint, and another address that does not answer": (
        each(
            lambda f: second_address(f, None),
            lambda f: kms(f).append({**ENTRY, "id": 8, "ip": "192.0.2.51", "thumbprint": "BB", "description": HOST}),
            lambda f: kms(f)[0].update(thumbprint="AA:00"),
        ),
        [("warning", "kms_entry", "thumbprint AA:00", "no")],
    ),
    "no entry at all": (lambda f: kms(f).clear(), [("critical", "kms_entry", "none", "possible")]),
    "no entry, and a server that nobody vouches for": (
        each(lambda f: kms(f).clear(), untrusted),
        [
            ("critical", "server_certificate", "it is self-signed; SHA-256 S1", "no"),
            ("critical", "kms_entry", "none", "no"),
        ],
    ),
    "old thumbprint": (
        lambda f: kms(f)[0].update(thumbprint="AA:00"),
        [("warning", "kms_entry", "thumbprint AA:00", "possible")],
    ),
    "old thumbprint of an entry that changes": (
        lambda f: kms(f)[0].update(thumbprint="AA:00", state="updating"),
        [("warning", "kms_entry", "state updating", "no"), ("warning", "kms_entry", "thumbprint AA:00", "no")],
    ),
    "thumbprint in other letters": (lambda f: kms(f)[0].update(thumbprint="aa:01"), []),
    "other port": (lambda f: kms(f)[0].update(port=5696), [("warning", "kms_entry", "port 5696", "no")]),
    "entry in error": (lambda f: kms(f)[0].update(state="error"), [("critical", "kms_entry", "state error", "no")]),
    "address that DNS has left": (
        lambda f: kms(f).append({**ENTRY, "id": 8, "ip": "192.0.2.49", "description": f"OVHcloud KMS: {HOST}"}),
        [("warning", "dns", "192.0.2.49", "no")],
    ),
    "entry of another team": (
        lambda f: kms(f).append({**ENTRY, "id": 8, "ip": "192.0.2.49", "description": "team"}),
        [("notice", "kms_entry", "team", "no")],
    ),
    "entry of another team, and a server that does not answer": (
        each(
            lambda f: kms(f).append({**ENTRY, "id": 8, "ip": "192.0.2.49", "description": "team"}),
            lambda f: f["servers"].__setitem__(0, {"msg": "refused"}),
        ),
        [("warning", "server_certificate", "refused", "no")],
    ),
    "entry on its way out": (
        lambda f: kms(f).append({**ENTRY, "id": 8, "ip": "192.0.2.49", "state": "deleting", "description": HOST}),
        [],
    ),
    "IPv6 address": (lambda f: seen(f)["addresses"].append("2001:db8::1"), []),
    "one address of two shows another certificate": (
        each(
            lambda f: seen(f)["addresses"].append("192.0.2.51"),
            lambda f: kms(f).append({**ENTRY, "id": 8, "ip": "192.0.2.51", "description": HOST}),
            lambda f: seen(f)["by_address"].append(
                {"address": "192.0.2.51", "sha1": "BB", "sha256": "S2", "verdict": False}
            ),
            lambda f: seen(f).update(trusted={"verdict": False, "reasons": ["192.0.2.51: another"]}),
        ),
        [("critical", "server_certificate", "192.0.2.51: another", "no")],
    ),
    "server that does not answer": (
        lambda f: f["servers"].__setitem__(0, {"msg": "KMIP server x: refused", "failure": {"kind": "unreachable"}}),
        [("warning", "server_certificate", "KMIP server x: refused", "no")],
    ),
    "certificate near its end": (
        lambda f: seen(f).update(days_left=30),
        [("warning", "server_certificate", "it expires on", "no")],
    ),
    "certificate that has ended": (
        lambda f: seen(f).update(days_left=-1),
        [("critical", "server_certificate", "it expired on", "no")],
    ),
    "provider that is missing": (
        lambda f: f["key_providers"]["key_providers"].pop(0),
        [
            ("critical", "key_provider", "vCenter has none", "no"),
            ("warning", "default_provider", "none", "no"),
            ("notice", "okms_credential", "none does", "no"),
        ],
    ),
    "provider that nobody recorded": (
        lambda f: f["key_providers"]["key_providers"].append({**provider(f, 1), "name": "strange"}),
        [("warning", "key_provider", "vCenter has it", "no")],
    ),
    "retired provider that is back": (
        each(
            lambda f: f["retired"].update(old={}),
            lambda f: f["key_providers"]["key_providers"].append({**provider(f, 1), "name": "old"}),
        ),
        [("notice", "key_provider", "vCenter has it", "no")],
    ),
    "provider of another kind": (
        lambda f: provider(f, 1).update(type="standard", has_backup=None),
        [("critical", "key_provider", "type standard", "no")],
    ),
    "native provider made anew": (
        lambda f: provider(f, 1).update(key_id="K2"),
        [("critical", "key_provider", "key id K2", "no")],
    ),
    "provider that is yellow": (
        lambda f: provider(f).update(status="yellow", reasons=["slow"]),
        [("warning", "key_provider", "status yellow; slow", "no")],
    ),
    "server that is missing": (
        each(lambda f: provider(f)["servers"].clear(), lambda f: provider(f)["connections"].clear()),
        [("warning", "provider_server", "vCenter does not have it", "possible")],
    ),
    "server that nobody recorded": (
        lambda f: provider(f)["servers"].append({"name": "x", "address": "kms.example.net", "port": 5696}),
        [("warning", "provider_server", "kms.example.net:5696", "no")],
    ),
    "server that moved": (
        each(lambda f: provider(f)["servers"][0].update(port=5696), lost_trust),
        [("critical", "trust", "it does not", "no"), ("warning", "provider_server", "port 5696", "no")],
    ),
    "server with another setting than somebody gave": (
        lambda f: (
            f["dossier"]["okms-prod"]["servers"][0].update(timeout=20, nbio=-1),
            provider(f)["servers"][0].update(timeout=30, nbio=None, protocol="KMIP1"),
        ),
        [("warning", "provider_server", "timeout 30", "no")],
    ),
    "trust that is lost": (lost_trust, [("critical", "trust", "it does not", "possible")]),
    "trust that is lost in a server that nobody vouches for": (
        each(lost_trust, untrusted),
        [("critical", "server_certificate", "it is self-signed", "no"), ("critical", "trust", "it does not", "no")],
    ),
    "vCenter that the server refuses": (
        lambda f: provider(f)["connections"][0].update(server_trusts_vcenter=False),
        [("critical", "trust", "it does not", "no")],
    ),
    "vCenter that sees another certificate": (
        lambda f: provider(f)["connections"][0]["certificate"].update(sha256="S9"),
        [("warning", "trust", "vCenter sees S9", "no")],
    ),
    "client certificate that the dossier does not know": (
        lambda f: provider(f)["client_certificate"].update(sha256="C2"),
        [("warning", "client_certificate", "SHA-256 C2", "no")],
    ),
    "client certificate near its end": (
        lambda f: provider(f)["client_certificate"].update(days_left=3),
        [("warning", "client_certificate", "it expires on", "no")],
    ),
    "other default": (
        each(lambda f: provider(f).update(default=False), lambda f: provider(f, 1).update(default=True)),
        [("warning", "default_provider", "nkp-prod", "no")],
    ),
    "other default of a cluster": (
        lambda f: provider(f).update(default_clusters=["c1"]),
        [("warning", "default_provider", "c1", "no")],
    ),
    "right that is gone": (
        lambda f: f["cloud"]["private_clouds"][0]["users"][0].update(encryption_right=False),
        [("warning", "encryption_right", "the user does not have it", "no")],
    ),
    "user that is gone": (
        lambda f: f["cloud"]["private_clouds"][0]["users"].clear(),
        [("warning", "encryption_right", "there is no such user", "no")],
    ),
    "policy that is gone": (
        lambda f: f["policies"]["policies"].clear(),
        [("critical", "iam_policy", "there is none", "no")],
    ),
    "policy with gaps": (
        lambda f: f["policies"]["policies"][0].update(identities=[], allow=["okms:kmip:get"], resources=["urn:x"]),
        [("critical", "iam_policy", f"lacks the resources okms {DOMAIN}; lacks the actions okms:kmip:create", "no")],
    ),
    "policy with a star": (
        lambda f: f["policies"]["policies"][0].update(allow=["okms:kmip:*"], resources=["urn:v1:eu:resource:okms:*"]),
        [],
    ),
    "policy for a whole region": (
        lambda f: f["policies"]["policies"][0].update(resources=["urn:v1:eu:*"]),
        [],
    ),
    "policy for other resources of the region": (
        lambda f: f["policies"]["policies"][0].update(resources=["urn:v1:eu:resource:pccVMware:*", "urn:v2:*"]),
        [("critical", "iam_policy", f"lacks the resources okms {DOMAIN}", "no")],
    ),
    "provider whose status vCenter does not know": (
        lambda f: provider(f).update(status="gray", reasons=[]),
        [],
    ),
    "provider without a known status, for a reason": (
        lambda f: provider(f).update(status="gray", reasons=["no answer"]),
        [("warning", "key_provider", "status gray; no answer", "no")],
    ),
    "policy that takes back": (
        lambda f: f["policies"]["policies"][0].update({**POLICY, "except": ["okms:kmip:create"]}),
        [("critical", "iam_policy", "lacks the actions okms:kmip:create", "no")],
    ),
    "policy that ends": (
        lambda f: f["policies"]["policies"][0].update(expires_at="2026-12-01T00:00:00Z"),
        [("warning", "iam_policy", "it ends at 2026-12-01", "no")],
    ),
    "storage policy that does not encrypt": (
        each(
            lambda f: f["settings"].update(storage_policies=["a", "b"]),
            lambda f: f.update(
                storage_policies={"storage_policies": [{"name": "a", "encryption": True}, {"name": "b"}]}
            ),
        ),
        [("warning", "storage_policy", "there is none of this name that encrypts", "no")],
    ),
    "backup that is missing, with a good copy": (
        lambda f: backup(f).update(file={"exists": False}, opened={}),
        [("warning", "native_backup", "there is none", "no")],
    ),
    "backup that is missing, without a copy": (
        lambda f: backup(f).update(file={"exists": False}, copies={"sha256": [""], "there": [False], "problems": [0]}),
        [("critical", "native_backup", "there is none", "no"), ("warning", "native_backup", "no file", "no")],
    ),
    "copy that cannot be looked at": (
        lambda f: backup(f).update(copies={}),
        [("warning", "native_backup", "its place cannot be read", "no")],
    ),
    "backup that is another file": (
        lambda f: backup(f)["file"].update(checksum="cd" * 32),
        [("warning", "native_backup", "SHA-256 cd", "no")],
    ),
    "backup that this job may not read": (
        lambda f: backup(f).update(file={"exists": True, "checksum": ""}, opened={}),
        [("warning", "native_backup", "it cannot be read", "no")],
    ),
    "backup that does not open": (
        lambda f: backup(f).update(opened={"msg": "this password does not open it", "failure": {"kind": "guard"}}),
        [("warning", "native_backup", "this password does not open it", "no")],
    ),
    "backup that is old": (
        lambda f: f["dossier"]["nkp-prod"]["backup"].update(created_at="2025-09-01T08:00:00Z"),
        [("warning", "native_backup", "made at 2025-09-01", "no")],
    ),
    "provider that is not backed up": (
        lambda f: provider(f, 1).update(has_backup=False),
        [("critical", "native_backup", "it does not", "no")],
    ),
    "credential that nobody uses": (
        lambda f: f["credentials"][0]["credentials"].append({**CREDENTIAL, "id": "c-2", "public_key_sha256": "P2"}),
        [("notice", "okms_credential", "none does; valid until", "no")],
    ),
    "credential that was revoked": (
        lambda f: f["credentials"][0]["credentials"].clear(),
        [("critical", "okms_credential", "the domain has none", "no")],
    ),
    "credential that was revoked, of a domain that two providers name differently": (
        each(named_twice, lambda f: f["credentials"][0]["credentials"].clear()),
        [("critical", "okms_credential", "the domain has none", "no")],
    ),
    "credential of another domain, which cannot be read": (
        each(
            named_twice,
            lambda f: f["domains"].__setitem__(1, {"msg": "no answer", "failure": {"kind": "unreachable"}}),
            lambda f: f["credentials"][0]["credentials"].clear(),
        ),
        [("warning", "not_read", "no answer", "no")],
    ),
    "order that waits for payment": (
        lambda f: f["account"]["account"]["open_orders"].append(
            {"order_id": 1, "status": "notPaid", "price_with_tax": 1.5, "currency": "EUR", "date": "2026-09-30"}
        ),
        [("warning", "order", "notPaid, 1.5 EUR", "no")],
    ),
    "order that is delivered soon": (
        lambda f: f["account"]["account"]["open_orders"].append({"order_id": 1, "status": "delivering"}),
        [("notice", "order", "delivering", "no")],
    ),
    "variables that say something else": (
        lambda f: f["variables"].update(
            okms={"id": DOMAIN, "provider": "okms-prod", "private_cloud": "pcc-1", "vsphere_user": "admin2"}
        ),
        [
            ("warning", "encryption_right", "there is no such user", "no"),
            ("notice", "dossier", "admin (dossier)", "no"),
        ],
    ),
    "dossier that is missing": (
        lambda f: f.update(missing_dossier="/x/dossier.json"),
        [("critical", "dossier", "there is no such file", "no")],
    ),
    "key providers that cannot be read": (
        lambda f: f.update(key_providers={"msg": "no privilege", "failure": {"kind": "forbidden"}}),
        [("critical", "not_read", "no privilege", "no")],
    ),
    "private cloud that does not exist": (
        lambda f: f["cloud"]["private_clouds"].clear(),
        [("warning", "not_read", "there is none of this name", "no")],
    ),
    "parts of the private cloud that may not be read": (
        lambda f: f["cloud"]["private_clouds"][0].update(encryption=None, users=None),
        [("warning", "not_read", "encryption and users may not be read", "no")],
    ),
    "orders that may not be read": (
        lambda f: f["account"]["account"].update(open_orders=None),
        [("notice", "not_read", "may not read orders", "no")],
    ),
    "domain that does not exist": (
        lambda f: f.update(domains=[{"okms_domains": []}], credentials=[]),
        [("warning", "not_read", "there is no such domain", "no")],
    ),
    "part that was not read": (lambda f: f.update(policies={"skipped": True}, account={"skipped": True}), []),
}


@pytest.mark.parametrize("name", CASES)
def test_difference_gives_its_rows(name: str) -> None:
    change, wanted = CASES[name]
    rows = found(change)
    assert [(row["severity"], row["kind"], row["fix"]) for row in rows] == [
        (one[0], one[1], one[3]) for one in wanted
    ], rows
    for row, (_severity, _kind, part, _fix) in zip(rows, wanted):
        assert part in row["found"], row
        assert row["expected"] and row["next_step"] and row["subject"]


def test_every_kind_is_in_the_table() -> None:
    kinds = {one[1] for _change, rows in CASES.values() for one in rows}
    assert kinds == set(KINDS)
