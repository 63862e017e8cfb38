# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URNs of identities of OVHcloud, such as urn:v1:eu:identity:user:ab12345-ovh/vcenter: pure."""

from __future__ import annotations

import re

# names may have spaces; a comma, or the beginning of another URN, shows that two stand in one text
_IDENTITY = re.compile(r"urn:v[0-9]+:[^\s:,;]+:identity:[^\s:,;]+:(?:(?!urn:)[^\t\r\n,;])+")


def is_identity(text: str) -> bool:
    """Whether the text is one URN, and that of an identity: a resource, such as an OKMS domain, is none."""
    return bool(_IDENTITY.fullmatch(text))
