# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A served lab vCenter for the tests of its parts, with one KMIP server where a test wants it."""

from __future__ import annotations

import ssl

import requests
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.clock import LabClock
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.faults import Faults
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.journal import Journal
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.kmip import KmipServer
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import Authority, server_context
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import (
    EVERYTHING,
    Inventory,
    VCenter,
    VCenterSettings,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.web import WebServers

Query = vmodl.query.PropertyCollector
USER, PASSWORD = "admin@lab.test", "correct horse"


class VCenterSite:
    """One vCenter over TLS on loopback."""

    def __init__(self, inventory=None, **settings):
        self.clock = LabClock()
        self.journal = Journal(self.clock)
        self.faults = Faults()
        self.web = WebServers(self.journal, self.faults)
        settings.setdefault("client_key_kind", "ec")
        self.vcenter = VCenter(self.clock, self.journal, VCenterSettings(**settings), inventory or Inventory())
        self.privileges = {EVERYTHING}
        self.vcenter.authenticate = lambda user, password: (
            self.privileges if (user, password) == (USER, PASSWORD) else None
        )
        self.authority = Authority("lab web", self.clock)
        pair = self.authority.leaf("localhost", "server", ["localhost", "127.0.0.1"])
        self.port = self.web.serve(self.vcenter, server_context(*pair))
        self._connected = []

    def context(self):
        return ssl.create_default_context(cadata=self.authority.certificate_pem)

    def connect(self, password=PASSWORD):
        instance = SmartConnect(
            host="localhost",
            port=self.port,
            user=USER,
            pwd=password,
            sslContext=self.context(),
            connectionPoolTimeout=-1,
        )
        self._connected.append(instance)
        return instance

    def close(self):
        for instance in self._connected:
            Disconnect(instance)
        self.vcenter.close()
        self.web.stop()


class RestClient:
    """Plain requests against one site, by default logged in at /api."""

    def __init__(self, site, directory, login=True):
        self.url = f"https://localhost:{site.port}"
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = str(directory / "lab-ca.pem")
        (directory / "lab-ca.pem").write_text(site.authority.certificate_pem)
        if login:
            answer = self("POST", "/api/session", auth=(USER, PASSWORD))
            assert answer.status_code == 201
            self.http.headers["vmware-api-session-id"] = answer.json()

    def __call__(self, method, path, body=None, **options):
        return self.http.request(method, self.url + path, json=body, timeout=60, **options)

    def close(self):
        self.http.close()


class KmsSite:
    """A KMIP server that lets in what its own authority signed."""

    def __init__(self, site, directory):
        self.clients = Authority("CCMUsersCA", site.clock)
        self.authority = Authority("lab key servers", site.clock)
        self.server = KmipServer(
            "okms", self.authority, [self.clients], site.clock, site.journal, "okms_kmip", str(directory), site.faults
        )
        self.server.start()

    def info(self, name="kms1", **fields):
        host, port = self.server.address
        return vim.encryption.KmipServerInfo(name=name, address=host, port=port, **fields)

    def spec(self, provider, name="kms1", **fields):
        return vim.encryption.KmipServerSpec(clusterId=provider_id(provider), info=self.info(name, **fields))


def provider_id(name):
    return vim.encryption.KeyProviderId(id=name)


def all_machines(content, paths, recursive=True, kind=vim.VirtualMachine):
    """A FilterSpec over a container view of all VMs."""
    view = content.viewManager.CreateContainerView(content.rootFolder, [kind], recursive)
    step = Query.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
    start = Query.ObjectSpec(obj=view, skip=True, selectSet=[step])
    return Query.FilterSpec(objectSet=[start], propSet=[Query.PropertySpec(type=kind, pathSet=paths)])
