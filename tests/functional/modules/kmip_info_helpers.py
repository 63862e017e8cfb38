# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for the tests of kmip_server_info: a KMIP server with its authorities, and servers that are none."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.modules import kmip_server_info
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.clock import LabClock
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.journal import Journal
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.kmip import KmipServer
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import Authority, thumbprints

VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


OTHER_SHA256 = ":".join(["AA"] * 32)


class Setting:
    """A KMIP server whose authorities are at hand."""

    def __init__(self, directory, tls):
        self.tls = tls
        self.clock = LabClock()
        self.users = Authority("Users CA", self.clock)
        self.servers = Authority("Servers CA", self.clock)
        self.other = Authority("Servers CA", self.clock)
        self.server = KmipServer(
            "kms",
            self.servers,
            [self.users],
            self.clock,
            Journal(self.clock),
            "external_kms",
            str(directory),
            maximum_version=VERSIONS[tls],
        )
        self.port = self.server.start()
        self.ca = self.servers.certificate_pem
        self.thumbprints = thumbprints(self.server.server_certificate_pem)

    def pair(self, authority=None, name="vcenter"):
        certificate, key = (authority or self.users).leaf(name, "client")
        return {"client_certificate": certificate, "client_private_key": key}

    def look(self, **options):
        """The module's result; it must have left no key behind."""
        given = {"host": "localhost", "port": self.port, "wait": False, "timeout": 60, **options}
        result = harness.run_module("kmip_server_info", **given)
        assert not result.changed
        assert self.server.object_count() == 0
        return result


@contextlib.contextmanager
def listener(answer):
    """A TCP server that treats each connection with answer(connection); gives its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _peer = server.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(60)
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        server.close()


def tls_answer(context, speak=lambda connection: connection.recv(1)):
    """Shake hands, then speak."""

    def answer(connection):
        with context.wrap_socket(connection, server_side=True) as tls:
            speak(tls)

    return answer


def look_at(port, **options):
    given = {"host": "127.0.0.1", "port": port, "wait": False, "timeout": 60, **options}
    return harness.run_module("kmip_server_info", **given)


def documented_fields():
    return set(yaml.safe_load(kmip_server_info.RETURN)["kmip_server"]["contains"])
