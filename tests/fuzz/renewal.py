# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: filters that judge certificates and decide on their renewal."""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st

from .engine import target
from .filters import filter_of
from .inputs import bent, odd_value

life, proof, plan = map(filter_of, ("certificate_life", "certificate_renewal_proof", "certificate_renewal_plan"))
CLIENT: dict[str, t.Any] = {"not_before": "2026-01-01T00:00:00Z", "not_after": "2027-01-01T00:00:00Z", "days_left": 100}


@target("filter certificate_life", st.tuples(bent([CLIENT]), st.one_of(st.integers(0, 400), odd_value)))
def _life(value: tuple[t.Any, t.Any]) -> None:
    for one in value[0] if isinstance(value[0], list) else [value[0]]:
        life(one, value[1])


CONNECTION = {"name": "a", "status": "green", "vcenter_trusts_server": True, "server_trusts_vcenter": True}
PROVIDER: dict[str, t.Any] = {
    **{"name": "okms", "type": "standard", "status": "green", "reasons": [], "connections": [CONNECTION]},
    **{"client_certificate": {**CLIENT, "sha256": "AA"}, "keys": {"asked": 1, "unavailable": ["1: lost"]}},
}
CREDENTIALS = [
    {
        **{"id": number, "status": "READY", "from_csr": True, "certificate_sha256": sha256, "days_left": 100},
        **{"created_at": "2026-01-01T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z"},
        "description": "vCenter of pcc-1, key provider okms, replaces b",
    }
    for number, sha256 in (("a", "AA"), ("b", "BB"))
]


@target("filter certificate_renewal_proof", st.tuples(bent([PROVIDER]), bent(CREDENTIALS, most=3)))
def _proof(value: tuple[t.Any, t.Any]) -> None:
    proof({"key_providers": value[0]}, "okms", value[1], 7)


READ = {
    "info": {"key_providers": [{**PROVIDER, "servers": [{"name": "a", "address": "kms", "port": 5696}]}]},
    "dossier": {"providers": {"okms": {"role": "okms", "okms": {"id": "d"}, "variables": {"okms_private_cloud": "p"}}}},
    "credentials": {"results": [{"item": "d", "credentials": CREDENTIALS}]},
    "clouds": {
        "results": [{"item": "p", "private_clouds": [{"encryption": {"kms": [{"ip": "1", "thumbprint": "T"}]}}]}]
    },
    "servers": {
        "results": [
            {"kmip_server": {"host": "kms", "port": 5696, "by_address": [{"address": "1", "sha1": "S"}]}},
            {"msg": "no answer", "failure": {"kind": "timeout"}},
        ]
    },
    "results": {"okms": {"renewed": {"changed": True}, "corrected": {}, "revoked": {}, "failure": ""}},
    "external_kms": {
        "told": True,
        "provider": "other",
        "private_cloud": "",
        "identity": "csr",
        "given": "AA",
        "outputs": [{"csr_output_path": "/a"}],
    },
    "okms": {"told": False},
}


@target("filter certificate_renewal_plan", bent([READ], most=4))
def _plan(value: t.Any) -> None:
    plan(value, {"providers": [], "private_cloud": "", "renew_before": None, "fail_below": "30"})
