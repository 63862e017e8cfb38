# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take secrets out of texts before anybody sees them."""

from __future__ import annotations

import re
import typing as t

HIDDEN = "********"
_KEY_MARK = "PRIVATE KEY-----"
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_PATTERNS = (
    _KEY_BLOCK,
    # access to an order without login, see the `url` of an order
    re.compile(r"(?<=orderPassword=)[^&\s\"']+", re.IGNORECASE),
    re.compile(r"(?<=Bearer )[A-Za-z0-9._~+/=-]+", re.IGNORECASE),
    re.compile(r"(?<=vmware_soap_session=)[^;\s]+", re.IGNORECASE),
    re.compile(r"(?<=vmware-api-session-id[:=])\s*[^;,\s]+", re.IGNORECASE),
    re.compile(r"(?<=[?&]token=)[^&\s\"']+", re.IGNORECASE),
)
_LONGEST = 3000  # characters of a message
_SHORTEST = 4  # shorter values would blank out ordinary words
_BROKEN = re.compile(r" *(?:[^\S ]|[\x00-\x1f\x7f-\x9f])+ *")  # what ends a line or hides in one
_LOGIN = re.compile(r"://([^\s/?#]*:\S*)@")  # user:password of a URL
_LOGIN_OF_HOST = re.compile(r"^\s*(?:\w+://)?([^\s/?#]+(?::\S*)?)@")  # of a host, or a token instead
_HOSTS = ("endpoint", "host", "hostname", "proxy_host", "token_url")


def scrub(text: str, secrets: t.Iterable[str] = ()) -> str:
    """The text without the given secrets and without anything that looks like one."""
    for secret in sorted((value for value in secrets if len(value) >= _SHORTEST), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(HIDDEN, text)
    return text


def scrub_data(value: t.Any, secrets: t.Sequence[str] = ()) -> t.Any:
    """The same for nested lists and dictionaries."""
    if isinstance(value, str):
        return scrub(value, secrets)
    if isinstance(value, dict):
        return {key: scrub_data(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [scrub_data(item, secrets) for item in value]
    return value


def flat(text: str) -> str:
    """The text on one line, whatever the names in it hold."""
    return _BROKEN.sub(" ", text).strip()


def shortened(text: str) -> str:
    """The text on one line, without its middle when it is longer than a person reads; the next step is at the end."""
    line = flat(text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1000]} ... {line[-900:]}"


def misplaced(options: t.Any, name: str = "") -> set[str]:
    """Secrets in options that are not made for them: private keys beside certificates, logins in addresses."""
    if isinstance(options, dict):
        return set().union(*(misplaced(value, str(key)) for key, value in options.items()))
    if isinstance(options, (list, tuple)):
        texts = [value for value in options if isinstance(value, str)]
        found = set().union(*(misplaced(value, name) for value in options))
        if any(_KEY_MARK in _KEY_BLOCK.sub("", text) or _cut_short(text) for text in texts):
            found.update(text for text in texts if len(text) > 2 * _SHORTEST)  # a key that was split into its lines
        return found
    if not isinstance(options, str):
        return set()
    found = set(_KEY_BLOCK.findall(options))
    if _KEY_MARK in _KEY_BLOCK.sub("", options):
        found.add(options)
    for login in (_LOGIN_OF_HOST if name in _HOSTS else _LOGIN).findall(options):
        found.add(login if len(login) >= _SHORTEST else options)
    return found


def _cut_short(text: str) -> bool:
    return any("-----END " not in block for block in _KEY_BLOCK.findall(text))
