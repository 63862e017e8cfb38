# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site in which everything is done, and options with which each module finds nothing to do there."""

from __future__ import annotations

import pathlib
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, examples

Options = dict[str, t.Any]
OKMS, NATIVE, EXTERNAL = "okms-prod", "nkp-prod", "team-kms"
# they act in each run, so that only check mode leaves everything as it is
ACTIONS = ("kmip_server_test", "vm_rekey")


def prepare(lab: Lab, folder: pathlib.Path) -> dict[str, Options]:
    """The options of all modules of the action groups and of those without a connection."""
    examples.furnish(lab)
    lab.vcenter.flow_open = lambda _host, _port: True
    okms_id = providers.okms(lab, OKMS)
    backup = providers.native(lab, folder, NATIVE)
    providers.external(lab, EXTERNAL)
    providers.run(lab, "native_key_provider", name=NATIVE, default=True, **providers.FAST)
    selection = {"folders": [examples.FOLDER]}
    providers.run(lab, "vm_encryption", selection=selection, provider=NATIVE, power_off="force", **providers.FAST)
    dossier = providers.dossier(lab, folder, OKMS, okms_id)
    found = {
        **_ovhcloud(lab, okms_id),
        **_vsphere(lab, backup),
        **_kmip(lab),
        **_files(lab, folder, dossier),
    }
    # actions that run on the control node have a file there for their documentation
    files = (harness.ROOT / "plugins/modules").glob("*.py")
    modules = {path.stem for path in files if "def main(" in path.read_text(encoding="utf-8")}
    if missing := sorted(modules - set(found)):
        print(f"  NOT RUN, no options for them in {pathlib.Path(__file__).name}: {', '.join(missing)}")
    return found


def connection(lab: Lab, group: str) -> Options:
    """Connection options of an action group; the one way to log in to OVHcloud that all modules take."""
    if group != "ovhcloud":
        return harness.connection(lab, group)
    robot = {"client_id": lab.client_id, "client_secret": lab.client_secret, "token_url": lab.token_url}
    return {"endpoint": lab.ovh_endpoint, "ca_path": str(lab.ca_path), **robot}


def _ovhcloud(lab: Lab, okms_id: str) -> dict[str, Options]:
    cloud, domain = {"service_name": lab.private_cloud}, {"okms_id": okms_id}
    gone = {"state": "absent"}
    return {
        "account_info": {},
        "ovhcloud_field_info": {},
        "api_rights_info": {"profile": "read_only"},
        "iam_policy": {"name": "no-such-policy", **gone},
        "iam_policy_info": {},
        "okms": {**domain, "display_name": "kms-prod"},
        "okms_credential": {**domain, "name": "no-such-credential", **gone},
        "okms_credential_info": domain,
        "okms_info": domain,
        "okms_log_subscription": {**domain, "stream_id": domain["okms_id"], **gone},
        "okms_log_subscription_info": domain,
        "okms_secret": {**domain, "path": "no-such-secret", "confirm_name": "no-such-secret", **gone},
        "okms_service_key": {**domain, "name": "no-such-key", "confirm_name": "no-such-key", **gone},
        "okms_service_key_info": domain,
        "private_cloud_iam": {**cloud, "state": "disabled", "confirm_name": lab.private_cloud},
        "private_cloud_info": {**cloud, "gather": ["encryption", "kms"]},
        "private_cloud_kms": {**cloud, "host": "192.0.2.77", **gone},
        "private_cloud_user": {**cloud, "name": lab.vsphere_user_name, "encryption_right": True},
    }


def _vsphere(lab: Lab, backup: pathlib.Path) -> dict[str, Options]:
    selection = {"selection": {"folders": [examples.FOLDER]}}
    saved = {"path": str(backup), "backup_password": providers.BACKUP_PASSWORD, "allow_ephemeral": True}
    certificate = lab.vcenter.crypto.providers[OKMS].identity
    assert certificate is not None
    server, key = lab.external_kms[0], next(iter(lab.vcenter.inventory.keys_in_use()))
    servers = [{"name": server.name, "address": server.address[0], "port": server.address[1]}]
    return {
        "encryption_events_info": {},
        "encryption_key_info": {"keys": [{"provider": key.provider, "key_id": key.key_id}]},
        "encryption_storage_policy": {"name": "no-such-policy", "state": "absent"},
        "encryption_storage_policy_info": {},
        "host_encryption": {"hosts": [lab.vcenter.inventory.hosts[0].name], "provider": NATIVE},
        "host_encryption_info": {},
        "key_provider_client_certificate": {"provider": OKMS, "certificate": certificate.certificate_pem},
        "key_provider_csr": {"provider": OKMS},
        "key_provider_info": {},
        "native_key_provider": {"name": NATIVE},
        "native_key_provider_backup": {"name": NATIVE, **saved},
        "standard_key_provider": {"name": EXTERNAL, "servers": servers, "server_ca": _external_ca(lab)},
        "vault_secret": {"path": "no-such-secret", "confirm_name": "no-such-secret", "state": "absent"},
        "vcenter_field_info": {},
        "vcenter_info": {},
        "vcenter_readiness_info": {},
        "vm_encryption": {**selection, "provider": NATIVE},
        "vm_encryption_info": selection,
        "vm_rekey": selection,
        "vm_unlock": selection,
        "vm_vtpm": {**selection, "state": "absent"},
        "vsan_encryption": {"cluster": examples.CLUSTER, "state": "disabled", "confirm_name": examples.CLUSTER},
        "vsan_encryption_info": {},
    }


def _external_ca(lab: Lab) -> str:
    return str(lab.external_authority.certificate_pem)


def _kmip(lab: Lab) -> dict[str, Options]:
    server = lab.external_kms[0]
    certificate, key = lab.external_client_pair()
    place = {"host": server.address[0], "port": server.address[1], "ca_path": lab.external_ca_path}
    return {
        "kmip_server_info": place,
        "kmip_server_test": {**place, "client_certificate": certificate, "client_private_key": key},
    }


def _request() -> str:
    """A certificate request, with a key that nobody keeps."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vcenter")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name)
    signed = made.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def _files(lab: Lab, folder: pathlib.Path, dossier: pathlib.Path) -> dict[str, Options]:
    authority, key = lab.external_ca_files(folder)
    signed = {"ca_certificate_path": str(authority), "ca_private_key_path": str(key), "common_name": "vcenter"}
    where = {"vcenter": lab.vcenter_hostname, "vcenter_id": lab.vcenter.settings.instance_uuid}
    csr: Options = {"path": str(folder / "signed.pem"), **signed, "csr": _request()}
    metrics = {"path": str(folder / "bench.prom"), "content": "bench 1\n"}
    for name, options in (("signed_certificate", csr), ("metrics_file", metrics)):
        made = harness.run_module(name, **options)
        assert made.changed, made.msg
    return {
        "campaign_state": {"path": str(folder / "state.json"), **where},
        "metrics_file": metrics,
        "output_files": {"files": [{"option": "path", "path": str(folder / "report.json")}], "volumes": [str(folder)]},
        "recovery_dossier": {"path": str(dossier), **where, "provider": "no-such-provider", "retire": True},
        "recovery_dossier_info": {"path": str(dossier), **where},
        "signed_certificate": csr,
    }
