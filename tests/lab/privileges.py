# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Privileges that OVHcloud gives the vSphere users of a private cloud; which ones exactly is not published."""

from __future__ import annotations

_HOSTED = {
    "Authorization": "ModifyPermissions",
    "Cryptographer": "ReadKeyServersInfo",
    "Datastore": "AllocateSpace Browse FileManagement UpdateVirtualMachineFiles",
    "Folder": "Create Delete Move Rename",
    "Global": "CancelTask ManageCustomFields SetCustomField",
    "Host.Config": "Settings",
    "Host.Inventory": "EditCluster",
    "Network": "Assign",
    "Resource": "AssignVMToPool ColdMigrate HotMigrate QueryVMotion",
    "Sessions": "ValidateSession",
    "StorageProfile": "Apply Update View",
    "VirtualMachine.Config": "AddExistingDisk AddNewDisk AddRemoveDevice AdvancedConfig EditDevice RemoveDisk Settings",
    "VirtualMachine.Interact": "AnswerQuestion ConsoleInteract PowerOff PowerOn Reset Suspend",
    "VirtualMachine.Inventory": "Create Delete Register Unregister",
    "VirtualMachine.Provisioning": "Clone DeployTemplate MarkAsTemplate MarkAsVM",
    "Vsan.Cluster": "ShallowRekey",
    "VirtualMachine.State": "CreateSnapshot RemoveSnapshot RenameSnapshot RevertToSnapshot",
}
_ENCRYPTION = {
    "Cryptographer": "Access AddDisk Clone Decrypt Encrypt EncryptNew ManageEncryptionPolicy ManageKeys "
    "ManageKeyServers Migrate ReadKeyServersInfo Recrypt RegisterHost RegisterVM",
}


def _full(groups: dict[str, str]) -> frozenset[str]:
    return frozenset(f"{group}.{name}" for group, names in groups.items() for name in names.split())


# every user, and what the right `encryptionRight` of the OVHcloud API adds
HOSTED = _full(_HOSTED)
ENCRYPTION = _full(_ENCRYPTION)
