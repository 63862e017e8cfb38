#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: okms
short_description: Order, rename and terminate an OVHcloud KMS (OKMS) domain
description:
  - Orders an OKMS domain, names it, and waits until it is ready for use. Terminates it in two steps.
  - The module finds a domain by O(okms_id), otherwise by O(display_name) and O(region). Two domains with the same
    name are an error.
  - It orders nothing unless O(allow_order=true). It reads the costs from the public catalogue, without a cart.
  - An order of the last 30 days for the same plan and region that is unpaid or in delivery is resumed, never
    repeated. If an order of the last 14 days delivered a domain there that is empty and was never named, the module
    names that domain instead of ordering another one.
  - It pays the order once, after its number is known, with the account's default payment method, or with the
    fidelity account if the total is 0 and there is no such method.
  - Two runs at once for one region do not order twice. The later one resumes the earlier one's order, or
    stops without an order. The notes explain under which conditions.
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
  - ovhcloud.vmware_encryption._wait
attributes:
  check_mode:
    support: full
    details:
      - In check mode, the module predicts the creation and warns with the order's costs and everything that would
        stop a real run, such as O(allow_order=false), a price above O(max_price), or an account without a payment
        method. The same applies to an unpaid order that would be resumed.
options:
  okms_id:
    description:
      - Id of an existing domain. Required to rename one. This or O(display_name) is required.
      - With O(state=present), a domain with this id must exist.
    type: str
  display_name:
    description: Name of the domain. Required to order one.
    type: str
  region:
    description:
      - Region such as V(eu-west-rbx). The older form V(EU_WEST_RBX) is accepted too. Required to order a domain.
      - A domain's region cannot change.
    type: str
  state:
    description:
      - Whether the domain must exist.
      - V(absent) requires O(confirm_name). The module refuses it while the domain holds service keys, KMIP objects or
        secrets, and while O(in_use_by) is not empty. It checks all of this in each step.
      - V(absent) takes two steps. The first run requests the termination, OVHcloud sends a mail, and a run with
        O(termination_token) confirms it. For one day after the mail, further runs without the token change nothing, if
        the module can read the history of mails.
    type: str
    choices: [present, absent]
    default: present
  allow_order:
    description: Whether to order a domain if there is none, and to pay the order.
    type: bool
    default: false
  max_price:
    description:
      - Highest price of an order, with tax, in the account's currency. Usage-based prices come later and do
        not count.
    type: float
    default: 0
  replaces_order:
    description:
      - Number of a cancelled order that another order may replace.
      - If the last order of the plan and region in the last 30 days was cancelled (refused, withdrawn, or not paid in
        time), the module orders nothing until you give its number here, so that a schedule does not order repeatedly.
      - If OVHcloud's API does not say what an order contains, an order in progress that could be for a domain in this
        region also prevents another one. Give its number if it is for something else.
    type: int
  ovh_subsidiary:
    description: Subsidiary of the catalogue and the cart, such as V(FR). By default, the account's subsidiary.
    type: str
  confirm_name:
    description: The domain's name (or id), typed again. Required for O(state=absent).
    type: str
  in_use_by:
    description:
      - What uses the domain, one line for each user, such as the names of key providers with servers of the
        domain. Only for O(state=absent), which the module refuses while the list is not empty.
      - This module does not see vCenter, and a key provider can use a domain that holds no key yet. Fill this list from
        M(ovhcloud.vmware_encryption.key_provider_info), see the examples.
      - You cannot override this; first remove what uses the domain.
    type: list
    elements: str
    default: []
  termination_token:
    description:
      - The token in OVHcloud's mail, which confirms the termination. Mutually exclusive with O(terminate_directly).
    type: str
  terminate_directly:
    description:
      - Terminate at once, without mail and token.
      - OVHcloud may not allow this for every account.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait at most for each step (delivery, visibility, name, termination), in seconds. If the time runs
        out, the module fails, nothing is lost, and the next run continues.
    type: int
    default: 1800
notes:
  - The API cannot tell that two checkouts are the same order. Therefore, runs watch each other's carts. Immediately
    before its own checkout, each one deletes the others' carts and looks for new orders. This works if
    OVHcloud's lists of carts and orders show at once what was written before, which is not documented. If
    this matters, let only one job at a time order for an account.
  - If runs at the same time ask for domains with different names in one region, their orders cannot be distinguished.
    Run them one after the other.
seealso:
  - module: ovhcloud.vmware_encryption.okms_info
  - module: ovhcloud.vmware_encryption.okms_credential
  - module: ovhcloud.vmware_encryption.okms_service_key
  - module: ovhcloud.vmware_encryption.key_provider_info
  - module: ovhcloud.vmware_encryption.account_info
"""

EXAMPLES = r"""
- name: Create an OKMS domain in Roubaix
  ovhcloud.vmware_encryption.okms:
    display_name: kms-prod-rbx
    region: eu-west-rbx
    allow_order: true
  register: okms

- name: Rename it
  ovhcloud.vmware_encryption.okms:
    okms_id: "{{ okms.okms.id }}"
    display_name: kms-production

- name: Find key providers of vCenter with servers of this domain
  ovhcloud.vmware_encryption.key_provider_info:
  register: vcenter

- name: Request its termination
  ovhcloud.vmware_encryption.okms:
    display_name: kms-production
    state: absent
    confirm_name: kms-production
    in_use_by: "{{ users_of_domain }}"
  vars:
    providers: "{{ vcenter.key_providers | selectattr('type', 'equalto', 'standard') }}"
    users_of_domain: >-
      {{ providers | subelements('servers') | selectattr('1.address', 'equalto', okms.okms.kmip_for_vcenter.host)
      | map(attribute='0.name') | map('regex_replace', '^', 'key provider ') | unique }}

- name: Confirm the termination with the token from the mail
  ovhcloud.vmware_encryption.okms:
    display_name: kms-production
    state: absent
    confirm_name: kms-production
    termination_token: "{{ token_of_the_mail }}"
"""

RETURN = r"""
okms:
  description: The domain, empty if it is absent. In check mode and before delivery, unknown values are null.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the domain, null before delivery.
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
      description: Host of RV(okms.kmip_endpoint).
      type: str
      sample: eu-west-rbx.okms.ovh.net
    kmip_port:
      description: Port of RV(okms.kmip_endpoint).
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
      description: The one of RV(okms.kmip_endpoints) for vCenter, C(rsa) if the API names it.
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
      description: Certificates of the authority of RV(okms.kmip_endpoint), in PEM.
      type: str
      sample: |
        -----BEGIN CERTIFICATE-----
        ...
        -----END CERTIFICATE-----
    public_rsa_ca:
      description: The same for RV(okms.kmip_rsa_endpoint).
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
order:
  description: The order that this run placed or resumed, empty if there was none.
  returned: success, and failure once there is an order
  type: dict
  contains:
    order_id:
      description: Number of the order.
      type: int
      sample: 214000123
    status:
      description: Its status when it was last read.
      type: str
      sample: delivered
    price_with_tax:
      description: Its total.
      type: float
      sample: 0.0
    currency:
      description: Its currency.
      type: str
      sample: EUR
    date:
      description: When it was placed.
      type: str
      sample: "2026-09-01T08:00:00Z"
pricing:
  description: What ordering costs, empty if nothing has to be ordered.
  returned: success
  type: dict
  contains:
    subsidiary:
      description: Subsidiary of the catalogue.
      type: str
      sample: FR
    order:
      description: Price of the order with its plan_code, description, price (without tax), tax and currency.
      type: dict
      sample:
        plan_code: okms
        description: Monthly fees
        price: 0.0
        tax: 0.0
        currency: EUR
    usage:
      description:
        - What OVHcloud bills for a domain's contents, each with plan_code, description, object (what is billed),
          price of one (without tax), tax, currency and unit (the billing period, a month).
        - OVHcloud bills a KMIP object until it is destroyed. Each new key of a VM leaves the old one behind.
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
termination:
  description: Progress of the termination, empty if none is in progress.
  returned: success
  type: dict
  contains:
    state:
      description: V(confirmation_pending) until you give the token from the mail, then V(terminated).
      type: str
      sample: confirmation_pending
    okms_id:
      description: Id of the domain.
      type: str
      sample: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    requested_at:
      description: When OVHcloud sent the mail, null if this run has just requested it or if it is not known.
      type: str
      sample: null
"""


from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    integer,
    number,
    state_option,
    text,
    texts,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.domain_resource import (
    OkmsDomain,
)

SPEC = ArgSpec(
    connection(),
    state_option(),
    wait_options(timeout=1800),
    okms_id=text(),
    display_name=text(),
    region=text(),
    allow_order=boolean(default=False),
    max_price=number(default=0.0),
    replaces_order=integer(),
    ovh_subsidiary=text(),
    confirm_name=text(),
    in_use_by=texts(default=()),
    termination_token=text(secret=True),
    terminate_directly=boolean(default=False),
    trimmed=("okms_id", "display_name"),
    rules={
        "required_one_of": [("okms_id", "display_name")],
        "required_if": [("state", "absent", ("confirm_name",))],
        "mutually_exclusive": [("termination_token", "terminate_directly")],
    },
)


def main() -> None:
    """Entry point."""
    run(SPEC, lambda context: OkmsDomain(context, connect(context)))


if __name__ == "__main__":
    main()
