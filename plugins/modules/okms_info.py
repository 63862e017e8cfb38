#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: okms_info
short_description: List OVHcloud KMS (OKMS) domains and regions
description:
  - Lists the domains that the account can see, with their endpoints and the certificates of their authority.
  - If there are none, the list is empty; this is not an error.
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
options:
  okms_id:
    description: Only the domain with this id.
    type: str
  display_name:
    description: Only domains with this name.
    type: str
  region:
    description: Only domains in this region, such as V(eu-west-rbx) or V(EU_WEST_RBX).
    type: str
  include_regions:
    description: Whether to list the regions that offer OKMS too.
    type: bool
    default: false
  regions_without_domain:
    description: Whether O(include_regions) applies only if the module finds no domain in use.
    type: bool
    default: false
  costs:
    description:
      - Whether to compute the monthly costs of each domain's contents, from the number of its objects and the public
        catalogue.
      - OVHcloud bills KMIP objects, service keys and secrets by their number. A KMIP object counts until it is
        destroyed, whether anything still uses it or not; the API reports only the number.
    type: bool
    default: false
  ovh_subsidiary:
    description: Subsidiary whose prices to read, such as V(FR). By default, the account's subsidiary.
    type: str
seealso:
  - module: ovhcloud.vmware_encryption.okms
"""

EXAMPLES = r"""
- name: List all domains
  ovhcloud.vmware_encryption.okms_info:
  register: okms

- name: Find one by its name
  ovhcloud.vmware_encryption.okms_info:
    display_name: kms-prod-rbx
  register: okms

- name: Stop if there is no such domain
  ansible.builtin.assert:
    that: okms.okms_domains | length == 1

- name: Show the monthly costs of our domains
  ovhcloud.vmware_encryption.okms_info:
    costs: true
  register: okms

- name: Show where OKMS is offered
  ovhcloud.vmware_encryption.okms_info:
    include_regions: true
  register: okms
"""

RETURN = r"""
usage_prices:
  description:
    - Prices of one object, see RV(ovhcloud.vmware_encryption.okms#module:pricing) of
      M(ovhcloud.vmware_encryption.okms). Empty without O(costs=true).
  returned: success
  type: list
  elements: dict
  sample:
    - plan_code: okms-kmip-monthly-consumption
      description: okms-kmip
      object: KMIP object
      price: 0.06
      tax: 0.012
      currency: EUR
      unit: month
okms_domains:
  description: The domains, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the domain.
      type: str
      sample: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    display_name:
      description: Name of the domain.
      type: str
      sample: kms-prod-rbx
    region:
      description: Region of the domain.
      type: str
      sample: eu-west-rbx
    urn:
      description: URN for IAM policies.
      type: str
      sample: urn:v1:eu:resource:okms:7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    state:
      description: V(OK), V(IN_CREATION), V(SUSPENDED) or V(EXPIRED).
      type: str
      sample: OK
    kmip_endpoint:
      description: Host and port of the KMIP server with an ECDSA certificate.
      type: str
      sample: eu-west-rbx.okms.ovh.net:5696
    kmip_host:
      description: Host of RV(okms_domains[].kmip_endpoint).
      type: str
      sample: eu-west-rbx.okms.ovh.net
    kmip_port:
      description: Port of RV(okms_domains[].kmip_endpoint).
      type: int
      sample: 5696
    kmip_rsa_endpoint:
      description: Host and port of the KMIP server with an RSA certificate, null if there is none.
      type: str
      sample: eu-west-rbx.okms.ovh.net:5697
    kmip_endpoints:
      description:
        - Both KMIP servers, each with its C(kind), C(host), C(port) and C(ca) (certificates in PEM, can be null).
          Null for one that the API does not name.
        - For a domain that is not ordered yet, the module assumes that the C(rsa) one is on the region's host.
      type: dict
      sample:
        rsa:
          kind: rsa
          host: eu-west-rbx.okms.ovh.net
          port: 5697
          ca: null
        ecdsa:
          kind: ecdsa
          host: eu-west-rbx.okms.ovh.net
          port: 5696
          ca: null
    kmip_for_vcenter:
      description: The one of RV(okms_domains[].kmip_endpoints) for vCenter, C(rsa) if the API names it.
      type: dict
      sample:
        kind: rsa
        host: eu-west-rbx.okms.ovh.net
        port: 5697
        ca: null
    rest_endpoint:
      description: Address of the REST API of the region.
      type: str
      sample: https://eu-west-rbx.okms.ovh.net
    swagger_endpoint:
      description: Documentation of the REST API.
      type: str
      sample: https://swagger-eu-west-rbx.okms.ovh.net
    public_ca:
      description: Certificates of the authority of RV(okms_domains[].kmip_endpoint), in PEM.
      type: str
      sample: |
        -----BEGIN CERTIFICATE-----
        ...
        -----END CERTIFICATE-----
    public_rsa_ca:
      description: The same for RV(okms_domains[].kmip_rsa_endpoint).
      type: str
      sample: null
    service_key_count:
      description: Number of service keys.
      type: int
      sample: 0
    kmip_object_count:
      description: Number of KMIP objects that are not destroyed.
      type: int
      sample: 3
    secret_count:
      description: Number of secrets.
      type: int
      sample: 0
    secret_version_count:
      description: Number of versions of secrets.
      type: int
      sample: 0
    tags:
      description: IAM tags.
      type: dict
      sample:
        env: prod
    monthly_cost:
      description:
        - Monthly costs of its contents, without tax. Null without O(costs=true), or if the prices cannot be read.
      type: dict
      contains:
        currency:
          description: Currency of the prices.
          type: str
          sample: EUR
        total:
          description: Sum of all that is known.
          type: float
          sample: 0.18
        complete:
          description: Whether the price and the number of everything are known.
          type: bool
          sample: true
        objects:
          description: One entry for each kind of object, with object, count, price (of one) and cost. Unknown values
            are null.
          type: list
          elements: dict
          sample:
            - object: KMIP object
              count: 3
              price: 0.06
              cost: 0.18
regions:
  description: The regions that offer OKMS, empty unless O(include_regions=true).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Name of the region.
      type: str
      sample: eu-west-rbx
    type:
      description: V(LOCAL-ZONE), V(REGION-1-AZ) or V(REGION-3-AZ).
      type: str
      sample: REGION-1-AZ
    certifications:
      description: Certifications of the region.
      type: list
      elements: str
      sample: [STANDARD]
    kmip_endpoint:
      description: Host and port of the KMIP server with an ECDSA certificate.
      type: str
      sample: eu-west-rbx.okms.ovh.net:5696
    kmip_host:
      description: Host of C(kmip_endpoint).
      type: str
      sample: eu-west-rbx.okms.ovh.net
    kmip_port:
      description: Port of C(kmip_endpoint).
      type: int
      sample: 5696
    kmip_endpoints:
      description: Both KMIP servers, as in RV(okms_domains[].kmip_endpoints). The C(rsa) one is an assumption.
      type: dict
      sample:
        rsa:
          kind: rsa
          host: eu-west-rbx.okms.ovh.net
          port: 5697
          ca: null
        ecdsa:
          kind: ecdsa
          host: eu-west-rbx.okms.ovh.net
          port: 5696
          ca: null
    kmip_for_vcenter:
      description: The one for vCenter.
      type: dict
      sample:
        kind: rsa
        host: eu-west-rbx.okms.ovh.net
        port: 5697
        ca: null
    rest_endpoint:
      description: Address of the REST API.
      type: str
      sample: https://eu-west-rbx.okms.ovh.net
"""


from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, boolean, text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.lookup import OkmsInfo

SPEC = ArgSpec(
    connection(),
    okms_id=text(),
    display_name=text(),
    region=text(),
    include_regions=boolean(default=False),
    regions_without_domain=boolean(default=False),
    costs=boolean(default=False),
    ovh_subsidiary=text(),
    trimmed=("okms_id", "display_name"),
)


def build(context: Context) -> OkmsInfo:
    """The reader for the options of the module."""
    return OkmsInfo(context, connect(context))


def main() -> None:
    """Entry point."""
    run_info(SPEC, build)


if __name__ == "__main__":
    main()
