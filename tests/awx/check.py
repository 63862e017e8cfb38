# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that can be said of the definitions without an AWX."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.awx import fields, graph, kinds, templates


def problems(definitions: t.Mapping[str, t.Any]) -> list[str]:
    """Everything that AWX would refuse, or that a role, an operator, or an approver would be surprised by."""
    types = definitions["controller_credential_types"]
    return [
        *fields.problems(definitions),
        *kinds.of_types(types),
        *kinds.of_credentials(definitions["controller_credentials"], types),
        *templates.problems(definitions),
        *graph.problems(definitions),
    ]
