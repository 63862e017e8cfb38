# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's vSphere Automation SDK for Python: it speaks JSON-RPC at /api. Sessions, key providers, tagging."""

from __future__ import annotations

import gc
import typing as t
import urllib.parse

import requests
from com.vmware.vapi.std.errors_client import AlreadyExists, NotFound, OperationNotFound, Unauthenticated
from com.vmware.vapi.std_client import DynamicID
from com.vmware.vcenter.crypto_manager.kms_client import Providers
from vmware.vapi.vsphere.client import create_vsphere_client

from ..lab import Lab
from .checks import Checks

NAME, PASSWORD = "sdk", "a password for the backup"


def _connect(lab: Lab, http: requests.Session, password: str) -> t.Any:
    server = f"{lab.vcenter_hostname}:{lab.vcenter_port}"
    return create_vsphere_client(server=server, username=lab.vcenter_username, password=password, session=http)


def check(lab: Lab, checks: Checks) -> None:
    """Run all checks; a native provider is made, backed up, removed, restored and removed."""
    lab.give_encryption_right()
    # the SDK logs out when its client is collected: in a thread of the lab that would wait for the lab itself
    gc.disable()
    try:
        with requests.Session() as http:
            http.trust_env = False
            http.verify = str(lab.ca_path)
            _use(lab, checks, http)
            gc.collect()
    finally:
        gc.enable()


def _use(lab: Lab, checks: Checks, http: requests.Session) -> None:
    checks.raises(Unauthenticated, lambda: _connect(lab, http, "wrong"), "SDK: wrong password")
    client = _connect(lab, http, lab.vcenter_password)
    checks.that(client.session_svc.get().user == lab.vcenter_username, "SDK: session of the user")
    kms = client.vcenter.crypto_manager.kms.Providers
    _create(checks, kms)
    _on_hosts(lab, checks, client)
    backup = _back_up(lab, checks, kms, http)
    _restore(checks, kms, backup)
    _tags(lab, checks, client.tagging)
    checks.raises(OperationNotFound, client.vcenter.VM.list, "SDK: a service that the lab does not have")
    client.session_svc.delete()
    checks.raises(Unauthenticated, kms.list, "SDK: a call after logout")


def _create(checks: Checks, kms: t.Any) -> None:
    spec = Providers.CreateSpec(provider=NAME, constraints=Providers.ConstraintsSpec(tpm_required=False))
    checks.raises(NotFound, lambda: kms.get(NAME), "SDK: no such key provider")
    kms.create(spec)
    checks.raises(AlreadyExists, lambda: kms.create(spec), "SDK: a key provider of the same name")
    checks.that([one.provider for one in kms.list()] == [NAME], "SDK: key provider listed")
    info = kms.get(NAME)
    checks.that(info.health == Providers.Health.ERROR, "SDK: not healthy before its backup")
    checks.that(info.details[0].id.endswith("keyProviderNotBackedUp"), f"SDK: {info.details[0].default_message}")
    checks.that(info.constraints.tpm_required is False, "SDK: constraints kept")


def _on_hosts(lab: Lab, checks: Checks, client: t.Any) -> None:
    host = str(lab.vcenter.inventory.hosts[0].reference._moId)
    seen = client.vcenter.crypto_manager.hosts.kms.Providers
    checks.that([one.provider for one in seen.list(host)] == [NAME], "SDK: key provider reached the host")
    checks.that(seen.get(host, NAME).native_info is not None, "SDK: key provider of the host in full")


def _back_up(lab: Lab, checks: Checks, kms: t.Any, http: requests.Session) -> bytes:
    location = kms.export(Providers.ExportSpec(provider=NAME, password=PASSWORD)).location
    path = urllib.parse.urlsplit(location.url).path
    headers = {"Authorization": f"Bearer {location.download_token.token}"}
    answer = http.post(f"https://{lab.vcenter_hostname}:{lab.vcenter_port}{path}", headers=headers, timeout=30)
    checks.that(answer.status_code == 200, f"SDK: backup of {len(answer.content)} bytes downloaded")
    healthy = kms.list(Providers.FilterSpec(health={Providers.Health.OK}))
    checks.that([one.provider for one in healthy] == [NAME], "SDK: healthy once it is backed up")
    return answer.content


def _restore(checks: Checks, kms: t.Any, backup: bytes) -> None:
    key_id = kms.get(NAME).native_info.key_id
    kms.delete(NAME)
    checks.that(kms.list() == [], "SDK: key provider removed")
    for dry_run in (True, False):
        result = kms.import_provider(Providers.ImportSpec(config=backup, password=PASSWORD, dry_run=dry_run))
        made = [one.provider for one in kms.list()]
        checks.that(made == ([] if dry_run else [NAME]), f"SDK: import, dry run {dry_run}")
        checks.that(result.native_info.key_id == key_id, "SDK: key id of the backup")
    kms.delete(NAME)


def _tags(lab: Lab, checks: Checks, tagging: t.Any) -> None:
    machine = lab.vcenter.inventory.vms[0]
    tag = lab.vcenter.tagging.attach("env", "prod", machine)
    target = DynamicID(type="VirtualMachine", id=str(machine.reference._moId))
    category = tagging.Category.get(tagging.Category.list()[0])
    checks.that((category.name, category.cardinality) == ("env", "MULTIPLE"), "SDK: tag category")
    checks.that(tagging.Tag.get(tag.id).name == "prod", "SDK: tag")
    checks.that(tagging.Tag.list_tags_for_category(category.id) == [tag.id], "SDK: tags of a category")
    checks.that(tagging.TagAssociation.list_attached_tags(target) == [tag.id], "SDK: tags of a VM")
    pairs = tagging.TagAssociation.list_attached_tags_on_objects([target])
    checks.that([(one.object_id.id, one.tag_ids) for one in pairs] == [(target.id, [tag.id])], "SDK: tags of VMs")
    objects = tagging.TagAssociation.list_attached_objects(tag.id)
    checks.that([one.id for one in objects] == [target.id], "SDK: VMs of a tag")
    checks.raises(NotFound, lambda: tagging.Tag.get("urn:none"), "SDK: no such tag")
