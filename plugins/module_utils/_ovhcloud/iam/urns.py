# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URNs from plain names: `user:alice`, `okms:<id>` and their like."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

# short word -> the part of the URN behind `urn:v1:<api>:`; {} is the name, {account} the account
IDENTITIES = {
    "user": "identity:user:{account}/{}",
    "group": "identity:group:{account}/{}",
    "service_account": "identity:credential:{account}/oauth2-{}",
}
RESOURCES = {
    "okms": "resource:okms:{}",
    "private_cloud": "resource:pccVMware:{}",
    # a vSphere role may need it beside the private cloud (assumption role-needs-service-pack)
    "service_pack": "resource:pccVMware:{}/servicepack",
    "resource_group": "resourceGroup:{}",
}
_ROOTS = {"identity": "identity:account:{account}", "resource": "resource:account:{account}"}


class Urns:
    """Completes names; asks who the account is only when a name needs it."""

    def __init__(self, ask: t.Callable[[], tuple[str, str]]) -> None:
        self._ask = ask
        self._known: tuple[str, str] | None = None

    def identities(self, names: t.Iterable[str]) -> list[str]:
        """Sorted URNs of identities."""
        return sorted({self._full(name, "identity", IDENTITIES) for name in names})

    def resources(self, names: t.Iterable[str]) -> list[str]:
        """Sorted URNs of resources and resource groups."""
        return sorted({self._full(name, "resource", RESOURCES) for name in names})

    def _full(self, name: str, kind: str, forms: t.Mapping[str, str]) -> str:
        name = name.strip()
        if name == "*" or (name.startswith("urn:v1:") and name.count(":") >= 4):
            return name
        word, separator, rest = name.partition(":")
        if name == "account":
            return self._complete(_ROOTS[kind], "")
        if separator and rest and word in forms:
            return self._complete(forms[word], rest)
        known = ", ".join(f"{form}:NAME" for form in forms)
        raise InvalidInputError(f"{kind} {name!r} is neither a URN (urn:v1:...) nor account, nor one of {known}")

    def _complete(self, form: str, name: str) -> str:
        if self._known is None:
            self._known = self._ask()
        account, api = self._known
        return f"urn:v1:{api}:" + form.replace("{account}", account).replace("{}", name)
