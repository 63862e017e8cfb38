# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's OVHcloud API alone behind plain HTTP, and a signing client that shares no code with lab or plugins."""

from __future__ import annotations

import hashlib
import json
import time
import typing as t

import requests

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.clock import LabClock
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.faults import Faults
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.journal import Journal
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud import (
    KmipEndpoint,
    OvhCloud,
    OvhSettings,
    Region,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import Authority
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.web import WebServers

CA = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
RSA_CA, RSA_ROOT = CA.replace("MA==", "MQ=="), CA.replace("MA==", "Mg==")
REGIONS = [
    Region(
        name,
        KmipEndpoint("localhost", 5696, CA),
        f"https://{name}.okms.ovh.test",
        KmipEndpoint("localhost", 5697, RSA_CA, RSA_ROOT),
    )
    for name in ("eu-west-rbx", "eu-west-sbg")
]
PCC = "/dedicatedCloud/pcc-192-0-2-10"
THUMBPRINT = ":".join(["0A"] * 20)


class Site:
    """One API server; close it with `stop`, which also asserts that no answer broke its contract."""

    def __init__(self, **settings):
        self.clock = LabClock()
        self.journal = Journal(self.clock)
        self.faults = Faults()
        self.authority = Authority("CCMUsersCA", self.clock)
        self.app = OvhCloud(self.clock, OvhSettings(**settings), self.authority, REGIONS)
        self.servers = WebServers(self.journal, self.faults)
        self.url = f"http://localhost:{self.servers.serve(self.app, None)}"
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy or CA bundle of the computer
        self.consumer_key = self.app.keys.consumer_key
        # what fixtures add: a domain, and where to find it
        self.domain: t.Any = None
        self.path = self.urn = ""

    def stop(self):
        self.session.close()
        self.servers.stop()
        assert self.app.contract_errors == []

    @property
    def settings(self):
        return self.app.settings

    @property
    def state(self):
        return self.app.state

    def signed(self, method, path, body=None, params=None, headers=None, skew=0.0, secret=None, raw=None):
        """A call with signature v1; the clock of the client is the lab's plus `skew` seconds."""
        prefix = "" if path.startswith("/v2/") else "/1.0"
        data = raw if raw is not None else b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        request = requests.Request(method, self.url + prefix + path, params=params, data=data or None).prepare()
        moment = str(int(time.time() + self.clock.offset + skew))
        keys = self.app.keys
        parts = [secret or keys.application_secret, self.consumer_key, method, request.url, data.decode(), moment]
        request.headers.update(
            {
                "X-Ovh-Application": keys.application_key,
                "X-Ovh-Consumer": self.consumer_key,
                "X-Ovh-Timestamp": moment,
                "X-Ovh-Signature": "$1$" + hashlib.sha1("+".join(parts).encode()).hexdigest(),
                **({"Content-Type": "application/json"} if data else {}),
                **(headers or {}),
            }
        )
        return self.session.send(request, timeout=60)

    def call(self, method, path, body=None, **more):
        """The JSON answer of a call that has to succeed."""
        response = self.signed(method, path, body, **more)
        assert response.status_code == 200, (method, path, response.status_code, response.text)
        return response.json()

    def refused(self, method, path, body=None, **more):
        """(status, class or errorCode) of a call that has to fail."""
        response = self.signed(method, path, body, **more)
        assert response.status_code >= 400, (method, path, response.status_code, response.text)
        answer = response.json()
        return response.status_code, answer.get("class") or answer.get("errorCode")

    def pages(self, path):
        """All items of a v2 list."""
        items: list[t.Any] = []
        headers: dict[str, str] = {}
        while True:
            response = self.signed("GET", path, headers=headers)
            assert response.status_code == 200, response.text
            items += response.json()
            if "X-Pagination-Cursor-Next" not in response.headers:
                return items
            headers = {"X-Pagination-Cursor": response.headers["X-Pagination-Cursor-Next"]}
