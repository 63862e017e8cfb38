# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: filters of the role encryption_exit, which read results of info modules and files of earlier runs."""

from __future__ import annotations

import copy
import json
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet

from .engine import target
from .filters import NOW, filter_of
from .inputs import bent, json_text

FACTS = [{**fleet.facts(3), "okms": {"okms_id": "7c0f", "text": "1 KMIP object"}}]
plan, proof, page = map(filter_of, ("encryption_exit_plan", "encryption_exit_proof", "encryption_exit_html"))


@target("filter encryption_exit_plan", bent(FACTS, most=4), share=0.5)
def _plan(facts: t.Any) -> None:
    plan(facts)


@target("filter encryption_exit_proof", bent(FACTS, most=4), share=0.3)
def _proof(facts: t.Any) -> None:
    page(proof(facts, now=NOW))


PROOF = json.loads(proof(copy.deepcopy(FACTS[0]), now=NOW))


@target("proof of an exit as page, and of the run before", json_text([PROOF]), share=0.5)
def _page(text: str) -> None:
    page(text)
    proof(copy.deepcopy(FACTS[0]), previous=text, now=NOW)


SIDE = {"vcenter": "vc", "vcenter_version": "8.0.3", "key_providers": fleet.providers()}
NAME = fleet.providers()[0]["name"]
MOVE = {
    "source": {**SIDE, "provider": NAME, "virtual_machines": fleet.machines(3)},
    "target": SIDE,
    "keys": [{"provider": NAME, "key_id": "1", "available": False, "reason": "gone", "next_step": "x"}],
}
keys, move, arrival = map(filter_of, ("encryption_exit_keys", "encryption_exit_move", "encryption_exit_arrival"))


@target("filter encryption_exit_keys", bent([fleet.machines(3)], most=4), share=0.5)
def _keys(machines: t.Any) -> None:
    keys(machines, NAME)


@target("filter encryption_exit_move", bent([MOVE], most=4), share=0.5)
def _move(facts: t.Any) -> None:
    move(facts)


RECORD = json.loads(move(copy.deepcopy(MOVE))["text"])


@target("record of a move", json_text([RECORD]), share=0.5)
def _record(text: str) -> None:
    keys(fleet.machines(3), record=text)
    move(copy.deepcopy(MOVE), earlier=text)
    arrival(text, target=fleet.machines(3))


@target("filter encryption_exit_arrival", bent([fleet.machines(3)], most=4), share=0.3)
def _arrival(machines: t.Any) -> None:
    arrival(json.dumps(RECORD), target=machines, source=machines)
