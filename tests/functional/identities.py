# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks, with every request that a run makes, whether the KMS accepts the certificate that vCenter works with."""

from __future__ import annotations

import typing as t

from cryptography import x509

from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import thumbprints


class Watch:
    """From now on, at every request to any system of the lab."""

    def __init__(self, lab: Lab, provider: str, servers: t.Sequence[t.Any]) -> None:
        self._lab = lab
        self._provider = provider
        self._servers = servers
        self.gaps: list[str] = []
        self.looks = 0
        lab.journal.listeners.append(self._look)

    def _look(self, entry: t.Any) -> None:
        self.looks += 1
        if not self.accepted():
            self.gaps.append(f"no KMIP server accepts vCenter's certificate at {entry.operation}")

    def accepted(self) -> bool:
        """Whether a server accepts it now."""
        found = self._lab.vcenter.crypto.providers[self._provider].identity
        if found is None:
            return False
        certificate = x509.load_pem_x509_certificate(found.certificate_pem.encode())
        return any(server.accepts(certificate) for server in self._servers)

    def lost(self) -> list[str]:
        """Keys in use that the KMS does not give to vCenter now."""
        provider = self._lab.vcenter.crypto.providers[self._provider]
        machines = self._lab.vcenter.inventory.vms
        keys = sorted({key.key_id for one in machines for key in one.crypto_keys() if key.provider == self._provider})
        states = self._lab.vcenter._connections.key_states(provider, keys)
        return [f"vCenter does not get the key {key}: {state}" for key, state in states.items() if state != "available"]


def in_use(lab: Lab, provider: str) -> str:
    """SHA-256 thumbprint of vCenter's certificate."""
    found = lab.vcenter.crypto.providers[provider].identity
    return thumbprints(found.certificate_pem)["sha256"] if found else ""


def give_key(lab: Lab, provider: str, machine: str = "vm1") -> None:
    """Encrypt a VM with a key that the KMS has, so that there is one to fetch."""
    key = lab.generate_key(provider)
    lab.vcenter._connections.use_key(lab.vcenter.crypto.providers[provider], key)
    lab.vcenter.inventory.encrypt(lab.vcenter.inventory.vm(machine), provider, key)
