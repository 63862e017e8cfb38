# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter certificate_life: whether a certificate lasts, and from when it is renewed."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.lifetimes import life_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: certificate_life
short_description: Tell whether a certificate lasts, and when it is due for renewal
version_added: 0.1.0
description:
  - Compares the days that a certificate has left with the limits of the roles of this collection.
  - Without O(renew_before), that limit is 120 days or a third of the certificate's lifetime, whichever is less. Without
    O(fail_below), that limit is 30 days, a tenth of the lifetime, or the limit of the renewal, whichever is least. If
    the lifetime is not known, the limits are 120 and 30 days.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input, renew_before, fail_below
options:
  _input:
    description:
      - The certificate, with C(not_before), C(not_after) and C(days_left), as
        M(ovhcloud.vmware_encryption.key_provider_info) returns it. Empty if there is none.
    type: dict
    required: true
  renew_before:
    description: Days before its end from which it is renewed.
    type: int
  fail_below:
    description: Days before its end from which it is alarming.
    type: int
"""

EXAMPLES = r"""
- name: Read the key provider
  ovhcloud.vmware_encryption.key_provider_info:
    name: okms-eu-west-rbx
  register: found

- name: Stop if vCenter's certificate expires soon
  ansible.builtin.assert:
    that: not (found.key_providers[0].client_certificate | ovhcloud.vmware_encryption.certificate_life).alarming
"""

RETURN = r"""
_value:
  description: What is left of it.
  type: dict
  contains:
    days_left:
      description: Whole days until its end, null if that is not known.
      type: int
    lifetime:
      description: Whole days from its start to its end, null if that is not known.
      type: int
    renew_before:
      description: Days before its end from which it is renewed.
      type: int
    fail_below:
      description: Days before its end from which it is alarming.
      type: int
    lasts:
      description: Whether nobody has to renew it yet. False if there is no certificate.
      type: bool
    alarming:
      description: Whether it ends so soon that a job must fail. True if there is no certificate.
      type: bool
"""

TAKES = "a certificate of key_provider_info, and days"
Facts = t.Mapping[str, t.Any]


def certificate_life(
    certificate: Facts | None, renew_before: t.Any = None, fail_below: t.Any = None
) -> dict[str, t.Any]:
    """What is left of it, against both limits. Blank limits count as not given."""
    limits = [None if limit in (None, "") else int(limit) for limit in (renew_before, fail_below)]
    life = life_of(certificate or {}, *limits)
    return {**dataclasses.asdict(life), "lasts": life.lasts, "alarming": life.alarming}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"certificate_life": shaped(certificate_life, AnsibleFilterError, TAKES)}
