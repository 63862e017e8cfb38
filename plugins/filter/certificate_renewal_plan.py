# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter certificate_renewal_plan: which certificates between vCenter and its KMS are due, and who can renew them."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._renewal.plan import plan

DOCUMENTATION = r"""
name: certificate_renewal_plan
short_description: List which certificates between vCenter and its KMS are due for renewal
version_added: 0.1.0
description:
  - Takes what the role certificate_renewal has read, and lists for each standard key provider what is due, how its
    certificate is renewed, and what ends so soon that the job must fail.
  - How a key provider's certificate is renewed comes from the variables of the role okms or external_kms that name it,
    else from its entry in the recovery dossier, else, on OVHcloud KMS, from the access certificate that vCenter
    presents.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input, options
options:
  _input:
    description:
      - Registered results by what they are. V(info) is that of M(ovhcloud.vmware_encryption.key_provider_info) with
        C(check_keys=true), V(dossier) that of M(ovhcloud.vmware_encryption.recovery_dossier_info), V(credentials) that
        of M(ovhcloud.vmware_encryption.okms_credential_info), looped over domains, V(clouds) that of
        M(ovhcloud.vmware_encryption.private_cloud_info), looped over private clouds, and V(servers) that of
        M(ovhcloud.vmware_encryption.kmip_server_info) with C(every_address=true), looped over servers.
      - V(results) is what the role has done, by the name of the key provider, with C(renewed), C(corrected), C(revoked)
        and C(failure).
      - V(okms) and V(external_kms) are what the variables of these roles say, with C(provider), C(private_cloud),
        C(id), C(identity), C(given) (the thumbprint of a certificate), C(told) (whether they say anything), C(named)
        (the key provider that they name), and C(outputs) (paths of files to write, each for two key providers).
    type: dict
    required: true
  options:
    description: C(providers), C(private_cloud), C(renew_before) and C(fail_below) of the role, and C(check), whether it
      is in check mode.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what is due
  ansible.builtin.debug:
    msg: "{{ (read | ovhcloud.vmware_encryption.certificate_renewal_plan(options)).table }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    providers:
      description: The standard key providers, with C(name), C(role), C(source), C(identity), C(private_cloud),
        C(okms_id), C(server), C(days_left), C(due), C(renewable), C(waits), C(mixed), C(alarms),
        C(credential) and C(credentials).
      type: list
      elements: dict
    domains:
      description: Ids of the OKMS domains whose access certificates matter.
      type: list
      elements: str
    clouds:
      description: Names of the private clouds whose KMS entries matter.
      type: list
      elements: str
    servers:
      description: The KMIP servers, with C(host) and C(port).
      type: list
      elements: dict
    table:
      description: One line for each key provider.
      type: list
      elements: str
    alarms:
      description: What ends so soon, or works so badly, that the job must fail.
      type: list
      elements: str
    steps:
      description: What the role has done, for P(ovhcloud.vmware_encryption.step_summary#filter).
      type: list
      elements: dict
    remaining:
      description: What somebody has to do or to know, in words.
      type: list
      elements: str
    failures:
      description: What could not be read or renewed.
      type: list
      elements: str
    missing:
      description: Requested names that no standard key provider of this vCenter has.
      type: list
      elements: str
"""

TAKES = "what the role certificate_renewal has read, and its options"
Facts = t.Mapping[str, t.Any]


def certificate_renewal_plan(read: Facts, options: Facts) -> dict[str, t.Any]:
    """Which certificates are due."""
    if not isinstance(read, t.Mapping) or "info" not in read:
        raise AnsibleFilterError("certificate_renewal_plan: the input has no info, the result of key_provider_info")
    return plan(read, options)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"certificate_renewal_plan": shaped(certificate_renewal_plan, AnsibleFilterError, TAKES)}
