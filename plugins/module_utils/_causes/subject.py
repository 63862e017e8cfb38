# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a text is about encryption: words such as "timed out" have a cause of the catalogue only then. Pure."""

from __future__ import annotations

import re

_ABOUT = re.compile(
    r"crypt|\bKMS|\bKMIP|\bOKMS|\bQLC_|key (provider|management|server|locator)|keysafe|required key|"
    r"virtual machine is locked",
    re.IGNORECASE,
)
# what a person pastes has been chosen by somebody who looks at encryption
_PASTED = re.compile(
    r"(?<!license )(?<!ssh )(?<!application )(?<!consumer )(?<!api )(?<!public )(?<!private )(?<!registry )\bkeys?\b|"
    r"failed on the server|disk group|\bvSAN\b",
    re.IGNORECASE,
)
# our own words for a connection that fails between Ansible and vCenter or OVHcloud
_CONNECTION = re.compile(r"\(option request_timeout\)|vCenter's TLS certificate|refuses this user name", re.IGNORECASE)
_PLACES = re.compile(r"https?://\S+|\[[^\]\n]{1,100}\] (?:[^\[\]\n]{1,200}?\.(?:vmdk|vmx|vmtx|nvram)\b|\S+)")
_SHORTEST = 3  # characters of a name that is taken out: shorter ones are parts of words


def without_names(text: str, name: str | None = None) -> str:
    """The text without addresses, paths of files and the name of its object, which may have any words in them."""
    if name and len(name) >= _SHORTEST:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text)
    return _PLACES.sub(" ", text)


def about_encryption(text: str) -> bool:
    """Whether a text of vCenter without names is about encryption."""
    return bool(_ABOUT.search(text))


def pasted_about_encryption(text: str) -> bool:
    """The same for a text that a person gives."""
    plain = without_names(text)
    return not _CONNECTION.search(plain) and bool(_ABOUT.search(plain) or _PASTED.search(plain))
