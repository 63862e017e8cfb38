# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options as text, as `-e name=value` and the surveys of AWX give them."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab


def test_words_are_taken_for_what_they_say(lab: Lab, tmp_path: pathlib.Path) -> None:
    dossier = str(tmp_path / "dossier.json")
    options: dict[str, t.Any] = {
        "okms_private_cloud": lab.private_cloud,
        "okms_vsphere_user": lab.vsphere_user_name,
        "okms_region": lab.region,
        "okms_allow_order": "true",
        "okms_max_price": "10",
        "okms_iam": "false",
        "okms_default_provider": "false",
        "okms_renew_before": "30",
        "okms_dossier_path": dossier,
        "okms_wait_interval": "0.01",
        "okms_wait_timeout": "120",
    }
    made = harness.run_playbook(lab, "okms", tmp_path, **options)
    assert made.code == 0, made.screen
    assert len(lab.snapshot()["orders"]) == 1
    assert not lab.ovhcloud.state.policies
    assert lab.vcenter.crypto.default is None
    again = harness.run_playbook(lab, "okms", tmp_path, **options)
    assert (again.code, again.changed) == (0, 0), again.screen
    lab.vcenter.lose_providers()
    mark = lab.journal.mark()
    drill: dict[str, t.Any] = {"recovery_file": dossier, "recovery_drill": "true", "recovery_wait_interval": "0.01"}
    assert harness.run_playbook(lab, "recovery", tmp_path, **drill).code == 0
    assert lab.journal.writes(mark) == []
    # a word that says no does not make the removal go further
    options = {"decommission_provider": "okms", "decommission_dossier_path": dossier, "decommission_confirm": "okms"}
    words: dict[str, t.Any] = {
        f"decommission_{name}": "false" for name in ("close_flow", "revoke_credential", "terminate_okms")
    }
    gone = harness.run_playbook(lab, "decommission", tmp_path, **options, **words)
    assert gone.code == 0, gone.screen
    assert [entry["state"] for entry in lab.snapshot()["kms_entries"]] == ["delivered"]
