# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters that no option can hold, because nothing that it goes to can: path, URL, header, SOAP or KMIP message.

The XML of SOAP allows no control characters but tab and line ends (XML 1.0, 2.2), a path no NUL, and half of a
surrogate pair cannot be written as UTF-8 at all. A URL, a header or a KMIP text allow less; their clients say so.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def check_characters(value: t.Any, option: str = "") -> None:
    """Raise InvalidInputError that names the option, and the character by its number; the value is never quoted."""
    if isinstance(value, str):
        found = _REFUSED.search(value)
        if found:
            raise InvalidInputError(
                f"{option} contains an invalid character (U+{ord(found[0]):04X}): give {option} again without it"
            )
    elif isinstance(value, dict):
        for key, item in value.items():
            name = f"{option}.{key}" if option else str(key)
            check_characters(str(key), option or "an option")
            check_characters(item, name)
    elif isinstance(value, (list, tuple)):
        for item in value:
            check_characters(item, option)
