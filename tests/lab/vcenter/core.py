# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all parts of the vCenter share."""

from __future__ import annotations

import threading
import typing as t

from ..clock import LabClock
from . import vmomi
from .crypto_state import CryptoState
from .settings import RELEASES, Release, VCenterSettings
from .store import ObjectStore

BUNDLED_ENCRYPTION_POLICY = "4d5f673c-536f-11e6-beb8-9e71128cae77"  # "VM Encryption Policy" in every vCenter


class Core:
    """Clock, settings, objects and the one lock. `changed` wakes those who wait for updates."""

    def __init__(self, clock: LabClock, settings: VCenterSettings) -> None:
        self.clock = clock
        self.settings = settings
        self.store = ObjectStore()
        self.crypto = CryptoState()
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.closing = False
        # the storage policies, by their ids
        self.is_encryption_policy: t.Callable[[str], bool] = lambda profile: profile == BUNDLED_ENCRYPTION_POLICY
        self.is_policy: t.Callable[[str], bool] = lambda profile: profile == BUNDLED_ENCRYPTION_POLICY
        self.policy_replicates: t.Callable[[str], bool] = lambda _profile: False

    @property
    def version(self) -> str:
        """pyVmomi's name of the newest version spoken."""
        return vmomi.VERSIONS[self.settings.version]

    @property
    def vsan_version(self) -> str:
        """The same for what vSAN adds to vSphere."""
        return vmomi.VSAN_VERSIONS[self.settings.version]

    @property
    def release(self) -> Release:
        """How this vCenter names itself."""
        return RELEASES[self.settings.version]

    def notify(self) -> None:
        """Something changed that somebody may wait for."""
        with self.lock:
            self.changed.notify_all()

    def close(self) -> None:
        """End all waiting."""
        self.closing = True
        self.notify()
