# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMIP in the lab: a real server (PyKMIP's engine behind an accept loop of the lab) and vCenter's side as a client."""

from __future__ import annotations

from . import pykmip  # noqa: F401 (first: it keeps PyKMIP's logs free of keys)
from .cluster import KmsCluster
from .door import Door
from .engine import KeyStore
from .server import KmipServer
from .vcenter_client import KmsRefused, KmsUnavailable, Probe, VCenterKmsClient

__all__ = ["Door", "KeyStore", "KmipServer", "KmsCluster", "KmsRefused", "KmsUnavailable", "Probe", "VCenterKmsClient"]
