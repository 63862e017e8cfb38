# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is assumed of the audit logs of OKMS: run with every value."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.log_helpers import log_site
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.test_assumptions import lab_with
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import Assumed, every_value

NOBODY = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"


@every_value
def test_life_of_a_subscription(assumed: Assumed) -> None:
    """All kinds, whatever they are called and whenever they are told."""
    with lab_with(assumed) as lab:
        site = log_site(lab)
        made = site.run()
        assert made.changed, made.msg
        assert [one["kind"] for one in made["log_subscriptions"]] == site.kinds
        assert not site.run().changed
        assert not site.run(kinds=site.kinds[:1]).changed
        refused = site.run(kinds=["no such kind"])
        assert refused.failed and all(kind in refused.msg for kind in site.kinds), refused.msg
        assert site.run(state="absent").changed
        assert not site.run(state="absent").changed and site.sent() == []


@every_value
def test_refused_stream_is_named(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        site = log_site(lab)
        refused = site.run(stream_id=NOBODY)
        assert refused.failed and f"cannot go to stream {NOBODY}" in refused.msg, refused.msg
        assert not refused.changed and "\n" not in refused.msg and site.sent() == []


@every_value
def test_lost_answer_makes_one_subscription(assumed: Assumed) -> None:
    """Also where somebody else asks for the same a moment before."""
    with lab_with(assumed) as lab:
        site = log_site(lab)
        lab.faults.add("drop_after", operation="POST *log/subscription")
        assert not site.run().failed
        assert site.sent() == [(kind, site.stream) for kind in site.kinds]
        site.run(state="absent")
        if assumed.id == "log-subscription-once" and not assumed.value:
            return  # nobody can prevent that two people subscribe at once
        first = site.kinds[0]
        lab.faults.add(
            "meanwhile",
            operation="POST *log/subscription",
            call=lambda: lab.ovhcloud.logs.add(site.domain, first, site.stream),
        )
        assert not site.run().failed
        assert site.sent() == [(kind, site.stream) for kind in site.kinds]
