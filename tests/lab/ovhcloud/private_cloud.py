# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMware on OVHcloud: the service itself, its options, IAM and allowed networks."""

from __future__ import annotations

import typing as t

from .core import Area, Call, Core, new_uuid, serves
from .errors import bad_request, conflict, error, not_found
from .okms import tagged
from .pcc_tasks import TaskArea
from .pcc_users import UserArea
from .state import AllowedNetwork, PrivateCloud, Service

_CLOUD = "/dedicatedCloud/{serviceName}"
# the two roles that come with IAM, and whether their users may encrypt (guide of the OKMS for VMware)
IAM_ROLES = {"iam-admin": True, "iam-auditor": False}
WITHOUT_IAM = ("hds", "hipaa", "nsx", "pcidss", "snc")  # guide "IAM for VMware on OVHcloud - Presentation and FAQ"
IDENTITY_PROVIDER_ID = 12
_OPTIONS = [
    "accessNetworkFiltered",
    "advancedSecurity",
    "base",
    "hds",
    "pcidss",
    "sessionTimeout",
    "tokenValidation",
    "twoFa",
]
_SECURED = ["accessNetworkFiltered", "advancedSecurity", "base", "sessionTimeout", "tokenValidation", "twoFa"]


class PrivateCloudArea(Area):
    """Calls under /dedicatedCloud/{serviceName}, without KMS, tasks and users."""

    def __init__(self, core: Core, tasks: TaskArea, users: UserArea) -> None:
        super().__init__(core)
        self._tasks = tasks
        self._users = users

    def add(self, name: str, web_interface_url: str = "") -> PrivateCloud:
        """A private cloud with its billing service."""
        settings, service_id = self.core.settings, self.core.number("service", 130001234)
        properties = {
            "description": name,
            "sslV3": False,
            "userAccessPolicy": settings.user_access_policy,
            "userLimitConcurrentSession": 20,
            "userLogoutPolicy": "first",
            "userSessionTimeout": 0,
        }
        url = web_interface_url or f"https://{name}.ovh.test/"
        version = ("8.0", "3", "24022515")
        cloud = PrivateCloud(name, url, version, new_uuid(), service_id, properties)
        self.state.pccs[name] = cloud
        self.state.services[service_id] = Service(service_id, name, "pccVMware", self.core.now(), name)
        return cloud

    def _cloud(self, call: Call) -> PrivateCloud:
        return self.core.private_cloud(call.params["serviceName"])

    # --- the service

    @serves("GET /dedicatedCloud")
    def names(self, call: Call) -> list[str]:
        """Names of private clouds."""
        found = tagged([self._shown(cloud) for cloud in self.state.pccs.values()], call.query.get("iamTags"))
        return [item["serviceName"] for item in found]

    @serves(f"GET {_CLOUD}")
    def get(self, call: Call) -> dict[str, t.Any]:
        """One private cloud."""
        cloud = self._cloud(call)
        if cloud.expired:
            raise error(460)
        return self._shown(cloud)

    def _shown(self, cloud: PrivateCloud) -> dict[str, t.Any]:
        secured = self.core.settings.advanced_security
        major, minor, build = cloud.version
        return {
            **cloud.properties,
            "advancedSecurity": secured,
            "bandwidth": "5000",
            "billingType": "monthly",
            "canMigrateToVCD": False,
            "certifiedInterfaceUrl": f"{cloud.web_interface_url}secure/",
            "commercialRange": cloud.commercial_range,
            "generation": "2.0",
            "iam": {
                "displayName": cloud.name,
                "id": cloud.iam_id,
                "state": "OK",
                "tags": cloud.tags or None,
                "urn": self.core.urn("pccVMware", cloud.name),
            },
            "location": cloud.location,
            "managementInterface": "vcsa",
            "productReference": "EPCC",
            "serviceName": cloud.name,
            "servicePackName": self._pack(),
            "spla": False,
            "state": "delivered",
            "vScopeUrl": f"{cloud.web_interface_url}vScope",
            "version": {"build": build, "major": major, "minor": minor},
            "webInterfaceUrl": cloud.web_interface_url,
        }

    def _pack(self) -> str:
        settings = self.core.settings
        return settings.service_pack or ("hds-nsxt" if settings.advanced_security else "default")

    @serves(f"POST {_CLOUD}/changeProperties")
    def change(self, call: Call) -> dict[str, t.Any]:
        """Change policies and description."""
        cloud, body = self._cloud(call), call.body
        return self._tasks.add(cloud, "updateService", ("service", 0), lambda: cloud.properties.update(body))

    @serves(f"GET {_CLOUD}/vcenterVersion")
    def version(self, call: Call) -> dict[str, t.Any]:
        """Installed and available versions."""
        major, minor, build = self._cloud(call).version
        shown = {"build": build, "major": major, "minor": minor}
        return {"currentVersion": shown, "lastMajor": shown, "lastMinor": shown}

    @serves(f"GET {_CLOUD}/capabilities")
    def capabilities(self, call: Call) -> dict[str, t.Any]:
        """What can be done."""
        self._cloud(call)
        active = ("addRessourceRightStatus", "fullAdminRoUserStatus", "userAccessPolicyStatus", "backupStatus")
        return {**dict.fromkeys(active, "active"), "canAddUser": True, "nexus1000vStatus": "no", "upgradable": False}

    @serves(f"GET {_CLOUD}/location")
    def location(self, call: Call) -> dict[str, t.Any]:
        """Where it is."""
        self._cloud(call)
        return {
            "city": "Roubaix",
            "countryCode": "FR",
            "id": 3,
            "pccZone": "rbx2a",
            "region": "eu-west-rbx",
            "regionLocation": "France",
        }

    @serves(f"GET {_CLOUD}/serviceInfos")
    def service_infos(self, call: Call) -> dict[str, t.Any]:
        """The contract behind it."""
        cloud, contact = self._cloud(call), self.state.account.nichandle
        return {
            "canDeleteAtExpiration": True,
            "contactAdmin": contact,
            "contactBilling": contact,
            "contactTech": contact,
            "creation": "2024-01-01",
            "domain": cloud.name,
            "engagedUpTo": None,
            "expiration": "2030-01-01",
            "possibleRenewPeriod": [1],
            "renew": {
                "automatic": True,
                "deleteAtExpiration": False,
                "forced": False,
                "manualPayment": False,
                "period": 1,
            },
            "renewalType": "automaticV2016",
            "serviceId": cloud.service_id,
            "status": "ok",
        }

    @serves(f"GET {_CLOUD}/passwordPolicy")
    def password_policy(self, call: Call) -> dict[str, t.Any]:
        """What passwords must be like."""
        self._cloud(call)
        wanted = ["digitMandatory", "letterMandatory", "lowercaseLetterMandatory", "uppercaseLetterMandatory"]
        return {
            **dict.fromkeys(wanted, True),
            "deniedChars": ['"', "'", "\\"],
            "historyCheck": 5,
            "maxLength": 30,
            "minLength": 8,
            "specialMandatory": False,
            "validityPeriod": 365,
        }

    # --- packs and security options

    @serves(f"GET {_CLOUD}/servicePack")
    def pack(self, call: Call) -> dict[str, str]:
        """The service pack in force."""
        return {"name": self._shown(self._cloud(call))["servicePackName"], "state": "active"}

    @serves(f"GET {_CLOUD}/securityOptions")
    def security(self, call: Call) -> dict[str, str]:
        """State of the security options as a whole."""
        self._cloud(call)
        return {"state": "delivered" if self.core.settings.advanced_security else "disabled"}

    @serves(f"GET {_CLOUD}/securityOptions/compatibilityMatrix")
    def matrix(self, call: Call) -> list[dict[str, t.Any]]:
        """Each security option, and whether it is on."""
        self._cloud(call)
        enabled = _SECURED if self.core.settings.advanced_security else ["base"]
        return [
            {
                "compatible": True,
                "description": name,
                "enabled": name in enabled,
                "name": name,
                "reason": None,
                "state": "delivered" if name in enabled else "disabled",
            }
            for name in _OPTIONS
        ]

    @serves(f"GET {_CLOUD}/securityOptions/pendingOptions")
    def pending(self, call: Call) -> list[str]:
        """Options being switched on."""
        self._cloud(call)
        return []

    # --- IAM of the private cloud

    def _iam_cloud(self, call: Call) -> PrivateCloud:
        cloud = self._cloud(call)
        if self.core.settings.iam_option == "missing":
            raise not_found("iam")
        self._tasks.touch(cloud, "iam")
        return cloud

    @serves(f"GET {_CLOUD}/iam")
    def iam(self, call: Call) -> dict[str, t.Any]:
        """State of the IAM option."""
        cloud = self._iam_cloud(call)
        known = cloud.iam_state in ("enabled", "disabling")
        return {"identityProviderId": IDENTITY_PROVIDER_ID if known else None, "state": cloud.iam_state}

    @serves(f"GET {_CLOUD}/iam/canBeEnabled", f"GET {_CLOUD}/iam/canBeDisabled")
    def can_switch(self, call: Call) -> bool:
        """May the option be switched."""
        wanted = "disabled" if call.operation.template.endswith("canBeEnabled") else "enabled"
        return self._iam_cloud(call).iam_state == wanted and self._iam_possible()

    def _iam_possible(self) -> bool:
        return self.core.settings.iam_option == "available" and not any(word in self._pack() for word in WITHOUT_IAM)

    @serves(f"POST {_CLOUD}/iam/enable", f"POST {_CLOUD}/iam/disable")
    def switch(self, call: Call) -> dict[str, t.Any]:
        """Switch the IAM option; the two standard roles come with it."""
        cloud = self._iam_cloud(call)
        on = call.operation.template.endswith("enable")
        if not self._iam_possible():
            raise conflict("IAM is not compatible with the options of this service")
        if cloud.iam_state != ("disabled" if on else "enabled"):
            raise conflict(f"IAM is {cloud.iam_state} on this service")
        cloud.iam_state = "enabling" if on else "disabling"

        def finish() -> None:
            cloud.iam_state = "enabled" if on else "disabled"
            for name in list(cloud.roles):
                self._drop_role(cloud, name)
            for name, encrypts in IAM_ROLES.items() if on else ():
                self._add_role(cloud, name, encrypts)

        return self._tasks.add(cloud, "enableIam" if on else "disableIam", ("iam", 0), finish)

    @serves(f"POST {_CLOUD}/iam/addRole")
    def add_role(self, call: Call) -> dict[str, t.Any]:
        """Make a vSphere role assumable."""
        cloud, name, prefix = self._iam_cloud(call), call.body["name"], self.core.settings.iam_role_prefix
        name = name if name.startswith(prefix) else prefix + name
        if cloud.iam_state != "enabled":
            raise conflict("IAM is not enabled on this service")
        if name in cloud.roles or ("role", name) in cloud.pending:
            raise conflict(f"The role {name} already exists")
        cloud.pending.add(("role", name))
        return self._tasks.add(cloud, "addIamRole", ("iam", 0), lambda: self._add_role(cloud, name, False))

    # a role is a group of vSphere with rights like those of a user (guide "How to create an IAM vSphere role")

    def _add_role(self, cloud: PrivateCloud, name: str, encrypts: bool) -> None:
        cloud.roles.append(name)
        cloud.pending.discard(("role", name))
        self._users.add(cloud, name, encryptionRight=encrypts).provider = "iam"

    @staticmethod
    def _drop_role(cloud: PrivateCloud, name: str) -> None:
        cloud.roles.remove(name)
        for user in [user for user in cloud.users.values() if user.provider == "iam" and user.name == name]:
            del cloud.users[user.user_id]

    # --- allowed networks

    def _network(self, call: Call) -> tuple[PrivateCloud, AllowedNetwork]:
        cloud, number = self._cloud(call), call.params["networkAccessId"]
        self._tasks.touch(cloud, "network", number)
        if number not in cloud.networks:
            raise not_found(f"allowedNetwork {number}")
        return cloud, cloud.networks[number]

    @serves(f"GET {_CLOUD}/allowedNetwork")
    def networks(self, call: Call) -> list[int]:
        """Ids of allowed networks."""
        cloud = self._cloud(call)
        self._tasks.touch(cloud, "network")
        return list(cloud.networks)

    @serves(f"GET {_CLOUD}/allowedNetwork/{{networkAccessId}}")
    def network(self, call: Call) -> dict[str, t.Any]:
        """One allowed network."""
        item = self._network(call)[1]
        return {
            "description": item.description,
            "network": item.network,
            "networkAccessId": item.network_id,
            "state": item.state,
        }

    @serves(f"POST {_CLOUD}/allowedNetwork")
    def create_network(self, call: Call) -> dict[str, t.Any]:
        """Allow one more network."""
        cloud, body = self._cloud(call), call.body
        if any(item.network == body["network"] for item in cloud.networks.values()):
            raise conflict(f"The network {body['network']} is already allowed")
        item = AllowedNetwork(self.core.number("network", 77), body["network"], body.get("description"), "toUpdate")
        cloud.networks[item.network_id] = item

        def finish() -> None:
            item.state = "allowed"

        return self._tasks.add(cloud, "addAllowedNetwork", ("network", item.network_id), finish)

    @serves(f"PUT {_CLOUD}/allowedNetwork/{{networkAccessId}}")
    def edit_network(self, call: Call) -> dict[str, t.Any]:
        """Change the description."""
        cloud, item = self._network(call)
        body = call.body
        if body.get("network", item.network) != item.network:
            raise bad_request("The network itself cannot be changed")
        item.state = "toUpdate"

        def finish() -> None:
            item.state, item.description = "allowed", body.get("description", item.description)

        return self._tasks.add(cloud, "updateAllowedNetwork", ("network", item.network_id), finish)

    @serves(f"DELETE {_CLOUD}/allowedNetwork/{{networkAccessId}}")
    def delete_network(self, call: Call) -> dict[str, t.Any]:
        """Take a network off the list."""
        cloud, item = self._network(call)
        item.state = "toDelete"

        def finish() -> None:
            cloud.networks.pop(item.network_id, None)

        return self._tasks.add(cloud, "removeAllowedNetwork", ("network", item.network_id), finish)
