# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An estate in which every assumption that can be seen by reading is seen, with names that must stay secret."""

from __future__ import annotations

import pathlib

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import add_standard
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.key_servers import DOMAIN, ECDSA_PORT, RSA_PORT
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud.state import Task
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import identity
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.crypto_state import Identity, KmipServer, Provider

OKMS, TEAM, NEW, SIGNED = "planted-okms", "planted-team", "planted-new", "planted-signed"
SAVED, UNSAVED = "planted-saved", "planted-unsaved"


def furnish_vcenter(lab: Lab) -> None:
    """Key providers of all kinds and conditions, VMs with several keys, tags on some."""
    open_up(lab)
    crypto, inventory = lab.vcenter.crypto, lab.vcenter.inventory
    add_standard(lab, TEAM, default=False)
    lab.external_kms[1].stop()
    _okms_provider(lab)
    if lab.vcenter.settings.empty_provider_remains:
        crypto.providers["planted-empty"] = Provider("planted-empty")
    _new_provider(lab)
    crypto.add_native(SAVED, has_backup=True)
    crypto.add_native(UNSAVED, has_backup=False)
    machine = inventory.vm("vm1")
    inventory.encrypt(machine, SAVED, "planted-key-1")
    if lab.vcenter.settings.mixed_keys:
        inventory.encrypt_disk(machine, 0, SAVED, "planted-key-2")
    if lab.vcenter.settings.native_unsaved_usable:
        inventory.encrypt(inventory.vm("vm2"), UNSAVED, "planted-key-3")
    lab.vcenter.tagging.attach("planted-category", "planted-tag", inventory.vm("vm3"))
    for number, one in enumerate(inventory.vms):
        one.name = f"planted-vm-{number}"


def _okms_provider(lab: Lab) -> None:
    """Both endpoints of a region, with an identity that OKMS accepts."""
    domain = lab.ovhcloud.new_okms(lab.region, "planted-domain")
    host = f"{lab.region}.{DOMAIN}"
    servers = {name: KmipServer(name, host, port) for name, port in (("rsa", RSA_PORT), ("ecdsa", ECDSA_PORT))}
    roots = [one.root.certificate_pem for one in (lab.okms_servers, lab.okms_rsa_servers)]
    issuers = [one.certificate_pem for one in (lab.okms_servers, lab.okms_rsa_servers)]
    certificate, key = lab.okms_users.leaf(domain.okms_id, "client")
    known = Provider(OKMS, servers=servers, trusted=[*issuers, *roots], identity=Identity(certificate, key))
    lab.vcenter.crypto.providers[OKMS] = known


def _new_provider(lab: Lab) -> None:
    """One that has no identity of its own, and one whose CSR may be kept after its use."""
    kms = lab.external_kms[0]
    host, port = kms.address
    for name in (NEW, SIGNED):
        lab.vcenter.crypto.providers[name] = Provider(name, servers={kms.name: KmipServer(kms.name, host, port)})
    signed, request = lab.vcenter.crypto.providers[SIGNED], identity.make_request(None, "planted-host", "rsa")
    signed.identity = Identity(lab.external_sign(request.csr_pem), request.key_pem)
    if lab.vcenter.settings.keep_csr_after_use:
        signed.pending_csr = request


def furnish_ovhcloud(lab: Lab, folder: pathlib.Path) -> None:
    """A private cloud with tasks of all kinds, an expired one, a domain with keys, credentials, secrets, an order."""
    settings, state = lab.ovhcloud.settings, lab.ovhcloud.state
    providers.run(lab, "okms", region=lab.region, display_name="planted-ordered", allow_order=True, **providers.FAST)
    ordered = next(one for one in state.okms.values() if one.display_name == "planted-ordered")
    names = {"okms_id": ordered.okms_id, **providers.FAST}
    providers.run(lab, "okms_credential", name="planted-credential", private_key_path=str(folder / "k"), **names)
    for name in ("planted-key", "planted-destroyed"):
        providers.run(lab, "okms_service_key", name=name, okms_id=ordered.okms_id, operations=["encrypt", "decrypt"])
    if settings.destroyed_keys_stay:
        gone = next(one for one in ordered.service_keys.values() if one.name == "planted-destroyed")
        gone.state = "DESTROYED"
    ordered.secrets.write("planted/secret", {"planted": "value"}, 0)
    lab.ovhcloud.add_private_cloud("pcc-198-51-100-3")
    state.pccs["pcc-198-51-100-3"].expired = True
    cloud = {"service_name": lab.private_cloud, **providers.FAST}
    lab.ovhcloud.vcenter_trusts = lambda ip: ip == "198.51.100.7"
    entry = {"thumbprint": "AB:" * 19 + "AB", **cloud}
    providers.run(lab, "private_cloud_kms", host="198.51.100.7", wait_for="delivered", **entry)
    providers.run(lab, "private_cloud_kms", host="198.51.100.8", **entry)
    if settings.tasks_vanish != "at_once":
        _ended_task(lab)


def _ended_task(lab: Lab) -> None:
    """One that nobody has read since it ended."""
    now, ended = lab.ovhcloud.core.now(), lab.ovhcloud.core.number("task", 987654)
    name = "addVmEncryptionKms" if lab.ovhcloud.settings.task_names == "by_call" else "addUser"
    made = Task(ended, name, ("kms", 1), now, "done", lambda: None, state="done", changed=now, ended=now)
    lab.ovhcloud.state.pccs[lab.private_cloud].tasks[ended] = made


def furnish(lab: Lab, folder: pathlib.Path) -> Lab:
    """Both sides."""
    furnish_ovhcloud(lab, folder)
    furnish_vcenter(lab)
    return lab
