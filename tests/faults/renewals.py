# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of certificate_renewal, and what they promise at every moment, not only between two runs."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import identities
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

DAY = 86400.0
Variables = dict[str, t.Any]
_watches: dict[int, identities.Watch] = {}  # by the lab


def okms(lab: Lab, folder: pathlib.Path) -> Variables:
    """vCenter's certificate on OKMS is due, the replaced one is revoked in the same run; one key is in use."""
    lab.clock.advance(250 * DAY)
    identities.give_key(lab, "okms")
    _watches[id(lab)] = identities.Watch(lab, "okms", [lab.okms_kmip])
    return {"certificate_renewal_dossier_path": str(folder / "dossier.json"), "certificate_renewal_revoke_after": 0}


def own_kms(lab: Lab, folder: pathlib.Path) -> Variables:
    """The same on the team's KMS, with a CA at hand, while a server has a new certificate."""
    lab.clock.advance(250 * DAY)
    lab.external_kms[0].replace_server_certificate()
    identities.give_key(lab, "team-kms")
    _watches[id(lab)] = identities.Watch(lab, "team-kms", list(lab.external_kms))
    certificate, key = lab.external_ca_files(folder)
    return {
        "certificate_renewal_dossier_path": str(folder / "dossier.json"),
        "external_kms_ca_certificate_path": certificate,
        "external_kms_ca_private_key_path": key,
        "external_kms_certificate_path": str(folder / "team-kms.pem"),
        # the CA signs by the clock of the control node, which the lab cannot move
        "external_kms_validity": 250 + 365,
    }


def promise(lab: Lab, _folder: pathlib.Path) -> list[str]:
    """At no moment was there no identity that the KMS accepts, and now the KMS gives it the keys in use."""
    watch = _watches[id(lab)]
    refused = [] if watch.accepted() else ["the KMS does not accept vCenter's certificate"]
    return [*watch.gaps[:3], *refused, *watch.lost()]
