# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests as clients in other languages send them: SOAP without a version, vSAN, and the older REST tree of tags."""

from __future__ import annotations

import re
import typing as t

import requests

from ..lab import Lab
from .checks import Checks

ENVELOPE = (
    '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Header>{header}</Header>'
    '<Body><{method} xmlns="{namespace}"><_this type="{kind}">{moid}</_this>{inner}</{method}></Body></Envelope>'
)
OLD_TREE = "/rest/com/vmware/cis"


class Client:
    """Plain HTTP; the session is a cookie for vSphere and vSAN, and in the header for storage policies."""

    def __init__(self, lab: Lab, http: requests.Session) -> None:
        self._http, self._base = http, f"https://{lab.vcenter_hostname}:{lab.vcenter_port}"
        self.session = ""

    def soap(
        self, path: str, action: str, namespace: str, method: str, target: str, inner: str = ""
    ) -> tuple[int, str]:
        """Status and text of an answer; `target` is type:moid."""
        kind, _colon, moid = target.partition(":")
        header = f'<vcSessionCookie xmlns="">{self.session}</vcSessionCookie>' if path.startswith("/pbm") else ""
        body = ENVELOPE.format(header=header, method=method, namespace=namespace, kind=kind, moid=moid, inner=inner)
        headers = {"SOAPAction": action, "Content-Type": 'text/xml; charset="utf-8"'}
        answer = self._http.post(self._base + path, body.encode(), headers=headers, timeout=30)
        self.session = (self._http.cookies.get("vmware_soap_session") or self.session).strip('"')
        return answer.status_code, answer.text

    def rest(self, method: str, path: str, body: t.Any = None, **options: t.Any) -> t.Any:
        """The value of an answer of the older tree."""
        answer = self._http.request(method, self._base + OLD_TREE + path, json=body, timeout=30, **options)
        answer.raise_for_status()
        return answer.json().get("value") if answer.content else None


def check(lab: Lab, checks: Checks) -> None:
    """Run all checks in one login of each kind."""
    lab.give_encryption_right()
    with requests.Session() as http:
        http.trust_env = False
        http.verify = str(lab.ca_path)
        client = Client(lab, http)
        login = f"<userName>{lab.vcenter_username}</userName><password>{lab.vcenter_password}</password>"
        manager = "SessionManager:SessionManager"
        status, _text = client.soap("/sdk", "urn:vim25/8.0.3.0", "urn:vim25", "Login", manager, login)
        checks.that(status == 200, "plain SOAP: login")
        _policies(checks, client)
        _vsan(lab, checks, client)
        _address(checks, client)
        client.soap("/sdk", "urn:vim25/8.0.3.0", "urn:vim25", "Logout", manager)
        _tags(lab, checks, client)


def _policies(checks: Checks, client: Client) -> None:
    resource = "<resourceType><resourceType>STORAGE</resourceType></resourceType>"
    for path in ("/pbm", "/pbm/sdk"):
        asked = (path, "urn:pbm/", "urn:pbm")
        status, text = client.soap(*asked, "PbmRetrieveServiceContent", "PbmServiceInstance:ServiceInstance")
        checks.that(status == 200 and "<name>PBM</name>" in text, f"plain SOAP: {path} without a version")
        manager = "PbmProfileProfileManager:ProfileManager"
        status, text = client.soap(*asked, "PbmQueryProfile", manager, resource)
        count = text.count("</uniqueId>")
        checks.that(status == 200 and count > 0, f"plain SOAP: {count} policies at {path} without a version")


def _vsan(lab: Lab, checks: Checks, client: Client) -> None:
    cluster = lab.vcenter.inventory.cluster("C0").reference._moId
    system = "VsanVcClusterConfigSystem:vsan-cluster-config-system"
    asked = ("/vsanHealth", "urn:vsan/8.0.0.4", "urn:vsan", "VsanClusterGetConfig", system)
    status, text = client.soap(*asked, f'<cluster type="ClusterComputeResource">{cluster}</cluster>')
    right = 'Response xmlns="urn:vsan"' in text
    checks.that(status == 200 and right, "plain SOAP: answer of vSAN in its namespace")
    status, text = client.soap(*asked, '<cluster type="ClusterComputeResource">domain-none</cluster>')
    right = bool(re.search(r'<detail><\w+Fault xmlns="urn:vsan"', text))
    checks.that(status == 500 and right, "plain SOAP: fault of vSAN in its namespace")


def _address(checks: Checks, client: Client) -> None:
    server = "<server><clusterId><id>bad</id></clusterId><info><name>a</name><address>kms..test</address>"
    asked = ("/sdk", "urn:vim25/8.0.3.0", "urn:vim25", "RegisterKmipServer", "CryptoManagerKmip:CryptoManager")
    status, text = client.soap(*asked, server + "<port>5696</port></info></server>")
    checks.that(status == 500 and "InvalidArgumentFault" in text, "plain SOAP: an address with an empty label")


def _tags(lab: Lab, checks: Checks, client: Client) -> None:
    machine = lab.vcenter.inventory.vms[0]
    tag = lab.vcenter.tagging.attach("tier", "gold", machine)
    client.rest("POST", "/session", auth=(lab.vcenter_username, lab.vcenter_password))
    checks.that(tag.category.id in client.rest("GET", "/tagging/category"), "plain REST: categories below /rest")
    found = client.rest("GET", f"/tagging/tag/id:{tag.id}")
    checks.that(found["name"] == "gold", "plain REST: a tag below /rest")
    target = {"type": "VirtualMachine", "id": str(machine.reference._moId)}
    attached = client.rest("POST", "/tagging/tag-association?~action=list-attached-tags", {"object_id": target})
    checks.that(tag.id in attached, "plain REST: tags of a VM below /rest")
    client.rest("DELETE", "/session")
