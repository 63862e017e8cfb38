# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory plugin private_clouds: the private clouds of OVHcloud accounts as hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: private_clouds
short_description: Private clouds of OVHcloud accounts as hosts
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Lists the VMware on OVHcloud private clouds of one or several accounts as hosts, each with its vCenter's address,
    location, version and commercial range, its virtual datacenters, the state of its encryption, and the OKMS domains
    of its account.
  - The hosts have the variables that the playbooks of this collection use, C(vcenter_hostname), C(vcenter_port) and
    the option C(private_cloud) of each role, so that the playbooks run over them unchanged.
  - An account costs three requests, plus one for each 100 private clouds, one for each 100 OKMS domains, and four for
    each private cloud, see O(gather). If the API does not list whole objects, each of them
    costs one more request.
  - The name of the file must end in C(private_clouds.yml) or C(private_clouds.yaml).
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._ovhcloud
  - ovhcloud.vmware_encryption._inventory
  - constructed
  - inventory_cache
options:
  plugin:
    description: Name of this plugin.
    type: str
    required: true
    choices: [ovhcloud.vmware_encryption.private_clouds]
  conf_section:
    description:
      - Section of C(ovh.conf) that holds the credentials of the account, and its C(endpoint) if this is not
        V(ovh-eu). By default, the section has the name of the endpoint.
    type: str
  accounts:
    description:
      - Accounts, if there are several. Each needs its own credentials. If an account does not give O(endpoint),
        O(token_url), O(ca_path), O(validate_certs) or O(timeout), the file's value applies.
      - If the plugin cannot read an account, it warns and skips it, as long as it can read another one. The next run
        tries again, even if the cache holds the others.
      - If the API fails for a part of up to three private clouds, such as with a server error, that part is null, with
        a warning, and the next run tries again. If it fails for more, or for all, the account cannot be read.
      - The plugin does not use the environment variables of a single account (such as E(OVH_CLIENT_ID)) for accounts
        in this list.
    type: list
    elements: dict
    suboptions:
      name:
        description: A name of your choice, which is the fact C(account_name) of its private clouds.
        type: str
        required: true
      conf_section:
        description: Section of C(ovh.conf) that holds the credentials of this account, and its C(endpoint).
        type: str
      env_prefix:
        description:
          - Prefix of the environment variables that hold what is not given here. With V(OVH_PROD) these are
            C(OVH_PROD_CLIENT_ID), C(OVH_PROD_CLIENT_SECRET), C(OVH_PROD_ENDPOINT) and so on.
        type: str
      endpoint:
        description: See O(endpoint).
        type: str
      application_key:
        description: See O(application_key).
        type: str
      application_secret:
        description: See O(application_secret).
        type: str
      consumer_key:
        description: See O(consumer_key).
        type: str
      client_id:
        description: See O(client_id).
        type: str
      client_secret:
        description: See O(client_secret).
        type: str
      token_url:
        description: See O(token_url).
        type: str
      access_token:
        description: See O(access_token).
        type: str
      ca_path:
        description: See O(ca_path).
        type: path
      validate_certs:
        description: See O(validate_certs).
        type: bool
      timeout:
        description: See O(timeout).
        type: int
  names:
    description:
      - Shell patterns of names of private clouds, such as V(pcc-192-0-2-*). The plugin does not read others.
      - If empty, the plugin reads all private clouds. O(filters) choose among those that it has read.
    type: list
    elements: str
    default: []
  gather:
    description:
      - What to read besides the services themselves. Facts that the plugin does not read are null.
      - V(encryption) is the state of VM encryption and the KMS entries (two requests for each private cloud), V(users)
        which vSphere users may manage encryption (one), V(datacenters) the virtual datacenters (one), and V(okms) the
        OKMS domains (one request for each 100 of them).
    type: list
    elements: str
    choices: [encryption, users, datacenters, okms]
    default: [encryption, users, datacenters, okms]
  role_variables:
    description:
      - Whether the hosts have C(vcenter_hostname), C(vcenter_port), C(ovhcloud_endpoint) (when it is given here), and
        the name of the private cloud as C(certificate_renewal_private_cloud), C(decommission_private_cloud),
        C(doctor_private_cloud), C(drift_check_private_cloud), C(encryption_audit_private_cloud),
        C(encryption_exit_private_cloud), C(external_kms_private_cloud), C(field_check_private_cloud),
        C(native_key_provider_private_cloud), C(okms_private_cloud) and C(preflight_private_cloud).
      - Keep credentials in group variables, see the guide on inventories.
    type: bool
    default: true
notes:
  - All facts of a private cloud are in one variable, C(private_cloud). Its keys are C(service_name), C(account),
    C(account_name), C(description), C(state), C(location), C(version) (C(major), C(minor), C(build)), C(vcenter_host),
    C(vcenter_port), C(urn), C(user_access_policy), C(advanced_security), C(service_pack), C(generation),
    C(commercial_range), C(encryption) (C(state), and C(kms) with C(id), C(ip), C(port), C(thumbprint), C(description),
    C(state) of each KMS entry), C(encryption_users) (logins), C(datacenters) (C(id), C(name), C(description),
    C(commercial_name), C(commercial_range)), C(end_of_support), and C(okms_domains) (C(id), C(display_name), C(region),
    C(state), C(kmip_host), C(kmip_object_count)).
  - C(end_of_support) is the first date on which OVHcloud's support for the product or for the hosts of one of its
    virtual datacenters ends, according to OVHcloud's page on the lifecycle policy of May 2026. OVHcloud's contracts
    prevail.
  - If this identity has no permission to read a part, the part is null, and a warning names the missing action.
"""

EXAMPLES = r"""
# my.private_clouds.yml: the account of OVH_CLIENT_ID and OVH_CLIENT_SECRET, kept for ten minutes
plugin: ovhcloud.vmware_encryption.private_clouds
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/private_clouds
cache_timeout: 600
keyed_groups:
  - key: private_cloud.location
    prefix: location
  - key: private_cloud.encryption.state
    prefix: encryption
groups:
  without_encryption_rights: private_cloud.encryption_users | length == 0
  support_ends_soon: private_cloud.end_of_support < '2027-07-01'
compose:
  vsphere_release: private_cloud.version.major

---
# several accounts, each with its secrets from elsewhere
plugin: ovhcloud.vmware_encryption.private_clouds
accounts:
  - name: prod
    client_id: EU.0123456789abcdef
    client_secret: "{{ lookup('ansible.builtin.env', 'PROD_SECRET') }}"
  - name: lab
    conf_section: ovh-lab
  - name: canada
    endpoint: ovh-ca
    env_prefix: OVH_CANADA
keyed_groups:
  - key: private_cloud.account_name
    prefix: account

---
# only private clouds of Roubaix that are in service
plugin: ovhcloud.vmware_encryption.private_clouds
gather: [encryption]
filters:
  - exclude: private_cloud.state != 'delivered'
  - include: private_cloud.location.startswith('rbx')
  - exclude: true
"""

import typing as t

# the first of all: it changes how the others are imported
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils import bytecode  # pylint: disable=unused-import # noqa: F401

# isort: split
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    suboptions,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.account.estate import (
    ESTATE_SUBSETS,
    Estate,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.accounts import (
    account_options,
    accounts_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import SECRETS
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils.inventory_source import (
    InventorySource,
    Params,
    Part,
    Parts,
    Variables,
)

ROLES = (
    "certificate_renewal",
    "decommission",
    "doctor",
    "drift_check",
    "encryption_audit",
    "encryption_exit",
    "external_kms",
    "field_check",
    "native_key_provider",
    "okms",
    "preflight",
)


class InventoryModule(InventorySource):
    """The plugin."""

    NAME = "ovhcloud.vmware_encryption.private_clouds"
    ending = "private_clouds"
    secret = SECRETS
    spec = ArgSpec(
        connection(),
        conf_section=text(),
        accounts=suboptions(ArgSpec(**account_options()), many=True),
        names=texts(default=()),
        gather={**texts(default=ESTATE_SUBSETS), "choices": list(ESTATE_SUBSETS)},
        role_variables=boolean(default=True),
    )

    def read(self, params: Params, known: Parts) -> Parts:
        """A part for each account; those that fail are told, unless all do."""
        accounts = accounts_of(params["accounts"] or [], params)
        parts: Parts = {}
        failures: list[CollectionError] = []
        for account in accounts:
            name = account["name"] or ""
            try:
                parts[name] = known[name] if name in known else self._account(account, params)
            except InvalidInputError as error:
                raise InvalidInputError(f"account {name}: {error.message}" if name else error.message) from None
            except CollectionError as error:
                failures.append(error)
                if name:
                    self.tell(f"account {name} is missing from the inventory: {error.message}")
        if failures and not parts:
            raise failures[0]
        return parts

    def _account(self, account: Params, params: Params) -> Part:
        with self.context(account) as context:
            estate = Estate(connect(context), context.warn)
            hosts = estate.read(params["names"] or [], params["gather"])
        name = account["name"]
        facts = [{**host, "account_name": name or host["account"]} for host in hosts]
        endpoint = account.get("endpoint") or None
        prefix = f"account {name}: " if name else ""
        return {
            "hosts": [{"private_cloud": host, "endpoint": endpoint} for host in facts],
            "warnings": [prefix + warning for warning in context.warnings],
            "partly": bool(estate.broken),
        }

    def add_hosts(self, params: Params, hosts: t.Sequence[Variables]) -> None:
        """Each private cloud once, by its name."""
        seen: set[str] = set()
        for host in hosts:
            cloud = host["private_cloud"]
            name = cloud["service_name"]
            if name in seen:
                self.tell(f"{name} belongs to two accounts of the file; the first one counts")
                continue
            seen.add(name)
            more = role_variables(cloud, host["endpoint"]) if params["role_variables"] else {}
            self.add(name, f"{name}_private_cloud", {"private_cloud": cloud, **more})


def role_variables(cloud: Variables, endpoint: str | None) -> Variables:
    """What the playbooks of this collection need to know of a private cloud."""
    found = {f"{role}_private_cloud": cloud["service_name"] for role in ROLES}
    if cloud["vcenter_host"]:
        found.update(vcenter_hostname=cloud["vcenter_host"], vcenter_port=cloud["vcenter_port"])
    return {**found, "ovhcloud_endpoint": endpoint} if endpoint else found
