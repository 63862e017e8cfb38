# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demonstration shows: the options, each twice, bad days, and the way back."""

from __future__ import annotations

import pathlib
import typing as t

from .demo import HERE, Demo
from .vcenter_key import make_key

COLLECTION = "ovhcloud.vmware_encryption"
OKMS_PROVIDER = "okms-prod"
EXTERNAL_PROVIDER = "team-kms"
NATIVE_PROVIDER = "nkp-prod"
REGION, RSA_PORT = "eu-west-par", 5697
PACE: dict[str, t.Any] = {"wait_interval": 0.2, "wait_timeout": 60}


def _paced(role: str, **variables: t.Any) -> dict[str, t.Any]:
    """Variables of a role, with the pace of the lab instead of that of a data centre."""
    return {f"{role}_{name}": value for name, value in {**variables, **PACE}.items()}


def _okms(demo: Demo) -> dict[str, t.Any]:
    return _paced(
        "okms",
        private_cloud=demo.lab.state["ovh"]["private_cloud"],
        display_name="kms-prod",
        region=REGION,
        vsphere_user="admin",
        provider=OKMS_PROVIDER,
        identity_urns=[demo.lab.state["ovh"]["kmip_identity"]],
        allow_order=True,
        dossier_path=str(demo.directory / "safe/dossier.json"),
    )


def okms(demo: Demo) -> None:
    """Option 2, from an empty account to a green default provider."""
    demo.tell("A look first, in check mode: nothing is written, not even a cart.")
    recap = demo.play("option 2, check mode", f"{COLLECTION}.okms", _okms(demo), "--check", "--diff")
    demo.expect(recap["code"] == 0, "check mode ends without error")
    demo.expect(demo.writes() == 0, "check mode wrote nothing")
    demo.twice("option 2", f"{COLLECTION}.okms", _okms(demo))
    state = demo.lab.ask("/state")
    for key in ("orders", "payments", "credentials", "providers", "policies"):
        demo.expect(len(state[key]) == 1, f"exactly one of {key} in both runs")
    host, addresses = f"{REGION}.okms.ovh.net", demo.lab.state["okms_addresses"][REGION]
    entries = {(entry["ip"], entry["port"], entry["state"]) for entry in state["kms_entries"]}
    demo.expect(
        len(addresses) == 3 and entries == {(address, RSA_PORT, "delivered") for address in addresses},
        f"the three addresses of {host} have a delivered KMS entry each, for port {RSA_PORT}",
    )
    servers = [(server["address"], server["port"]) for server in state["providers"][0]["servers"]]
    demo.expect(servers == [(host, RSA_PORT)], f"vCenter's KMIP server is {host}:{RSA_PORT}")
    demo.expect(
        state["kmip"]["okms"]["certificates_sent"] == 2 and state["providers"][0]["trusted_server_certificates"] > 0,
        "vCenter trusts OKMS through an issuing CA that lies between leaf and root",
    )
    identity = demo.lab.state["ovh"]["kmip_identity"]
    demo.expect(state["policies"][0]["identities"] == [identity], f"the run made the IAM policy for KMIP of {identity}")


def keys(demo: Demo) -> None:
    """vCenter makes a key in OKMS; the credential is revoked, the provider turns red, the next run repairs it."""
    demo.tell("vCenter makes a key in OKMS:")
    key = make_key(demo.lab.environment, OKMS_PROVIDER)
    seen = demo.lab.ask("/state")
    okms_id = seen["okms"][0]["id"]
    operations = seen["kmip"]["okms"]["seen"].get(okms_id, {})
    demo.expect(operations.get("Create") == 1, f"OKMS saw the certificate CN={okms_id} create key {key}")
    demo.expect(operations.get("Get", 0) >= 1, "and fetch it")
    demo.tell("The credential is revoked in OKMS. What does key_provider_info say?")
    demo.lab.ask(f"/okms/{okms_id}/credential/{seen['credentials'][0]['id']}/revoke", {})
    recap = demo.play("key_provider_info, revoked", str(HERE / "status.yml"), {"okms_provider": OKMS_PROVIDER})
    demo.expect(recap["code"] == 0, "the provider is red and the module says why")
    demo.tell("The next run of the same playbook gets vCenter a new certificate:")
    recap = demo.play("option 2, after the revocation", f"{COLLECTION}.okms", _okms(demo))
    demo.expect(recap["code"] == 0 and recap["changed"] > 0, "the provider is green again")


def external(demo: Demo) -> None:
    """Option 1: two servers of one cluster, vCenter's request signed by a CA at hand."""
    servers = demo.lab.state["external_kms"]
    authority = demo.lab.state["external_client_ca"]
    variables = _paced(
        "external_kms",
        private_cloud=demo.lab.state["ovh"]["private_cloud"],
        vsphere_user="admin",
        provider=EXTERNAL_PROVIDER,
        servers=[{"name": row["name"], "address": row["hostname"], "port": row["port"]} for row in servers],
        server_ca=pathlib.Path(servers[0]["ca_path"]).read_text(),
        identity="ca",
        ca_certificate_path=authority["certificate_path"],
        ca_private_key_path=authority["key_path"],
        certificate_path=str(demo.directory / "safe/team-kms.pem"),
        dossier_path=str(demo.directory / "safe/dossier.json"),
    )
    demo.twice("option 1 (external KMS)", f"{COLLECTION}.external_kms", variables)
    key = make_key(demo.lab.environment, EXTERNAL_PROVIDER)
    demo.expect(
        key in demo.lab.ask("/state")["kmip"]["kms2"]["keys"], f"both KMIP servers hold the key {key} of vCenter"
    )


def native(demo: Demo) -> None:
    """Option 3: never the default before its backup was downloaded."""
    variables = _paced(
        "native_key_provider",
        name=NATIVE_PROVIDER,
        backup_path=str(demo.directory / "safe/nkp-prod.p12"),
        backup_password="a password for the demo",
        backup_copies=[{"host": "vault1", "path": str(demo.directory / "vault1-nkp-prod.p12")}],
        default_provider=True,
        dossier_path=str(demo.directory / "safe/dossier.json"),
    )
    (demo.directory / "safe").mkdir(mode=0o700, exist_ok=True)
    demo.twice("option 3 (Native Key Provider)", f"{COLLECTION}.native_key_provider", variables)


def recovery(demo: Demo) -> None:
    """vCenter loses its key providers; the dossier and the backup bring them back."""
    variables = _paced(
        "recovery",
        file=str(demo.directory / "safe/dossier.json"),
        backup_password="a password for the demo",
    )
    demo.tell("A drill: would a recovery work? Nothing is changed.")
    recap = demo.play("recovery drill", f"{COLLECTION}.recovery", {**variables, "recovery_drill": True})
    demo.expect(recap["code"] == 0 and recap["changed"] == 0, "the drill proves it")
    demo.expect(demo.writes() == 0, "the drill wrote nothing")
    before = {row["id"] for row in demo.lab.ask("/state")["providers"]}
    demo.lab.ask("/vcenter/lose-providers", {})
    demo.expect(demo.lab.ask("/state")["providers"] == [], "vCenter has lost all its key providers")
    demo.twice("recovery", f"{COLLECTION}.recovery", variables)
    after = {row["id"] for row in demo.lab.ask("/state")["providers"]}
    demo.expect(after == before, f"the key providers are back: {', '.join(sorted(after))}")
    demo.expect(len(demo.lab.ask("/state")["orders"]) == 1, "nothing was ordered for it")
