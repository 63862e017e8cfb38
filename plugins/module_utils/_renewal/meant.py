# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For which key provider somebody means the variables of a role, which count for all of them with -e. Pure."""

from __future__ import annotations

import typing as t

Variables = t.Mapping[str, t.Any]
_ONE = "certificate_renewal_providers, one at a time"
_GIVEN = ("csr", "key_pair")  # identities that somebody gives as files
# which file the role external_kms writes for somebody, by the identity
_WRITTEN = {"csr": "csr_output_path", "ca": "certificate_output_path", "self_signed": "certificate_output_path"}


class Meant:
    """What the variables say, and how each key provider is renewed, by its name."""

    def __init__(self, told: Variables, ways: t.Mapping[str, Variables]) -> None:
        self._told = told
        self._own = [name for name, way in ways.items() if way["role"] == "external_kms"]
        self._files = [name for name in self._own if ways[name]["identity"] in _GIVEN]
        self._written = {name: _WRITTEN.get(ways[name]["identity"], "") for name in self._own}

    def given(self, name: str) -> str:
        """Thumbprint of the certificate that somebody gives for this key provider."""
        told = self._told.get("external_kms") or {}
        named = told.get("named")
        meant = named == name if named else len(self._files) == 1
        return str(told.get("given") or "") if meant and name in self._files else ""

    def unassigned(self, used: t.Collection[str]) -> t.Iterator[str]:
        """A certificate that nobody uses, and nobody knows for which key provider it is."""
        told = self._told.get("external_kms") or {}
        given = told.get("given") if len(self._files) > 1 and not told.get("named") else ""
        if given and given not in used:
            names = " or ".join(self._files)
            yield f"the certificate that was given may be for {names}: name the key provider in {_ONE}"

    def mixed(self, own: Variables) -> str:
        """Why the variables of its role would be those of another key provider; empty if they are its own."""
        told, name = self._told.get(own["role"]) or {}, own["name"]
        named, counts = str(told.get("named") or ""), f"given with -e they would also count for {name}"
        if named not in ("", name):
            return (
                f"the variables of the role {own['role']} belong to the key provider {named}, and {counts}: use {_ONE}"
            )
        if own["role"] == "okms" and str(told.get("id") or own["okms_id"]) != own["okms_id"]:
            return f"okms_id is {told['id']}, and the OKMS domain of {name} is {own['okms_id']}: use {_ONE}"
        return self._unnamed(told, name) if own["role"] == "external_kms" and not named else ""

    def _unnamed(self, told: Variables, name: str) -> str:
        if told.get("told") and len(self._own) > 1:
            return f"external_kms_servers may be those of another key provider than {name}: use {_ONE}"
        if told.get("given") and name in self._files and len(self._files) > 1:
            return f"the certificate that was given may be that of another key provider than {name}: use {_ONE}"
        return self._one_file(told, name)

    def _one_file(self, told: Variables, name: str) -> str:
        """Why what is written for this key provider would overwrite, or be overwritten, before somebody has fetched it.

        `told` has each path as it is for two key providers; a path that contains the provider's name differs.
        """
        option = self._written[name]
        paths = {str(one.get(option) or "") for one in told.get("outputs") or []}
        names = [one for one, written in self._written.items() if option and written == option]
        if len(names) < 2 or len(paths) != 1 or not any(paths):
            return ""
        return (
            f"external_kms_{option} is one file, {paths.pop()}, for {' and '.join(names)}, and each would overwrite "
            f"that of the other: leave it out, put the variable external_kms_provider into it, or use {_ONE}"
        )
