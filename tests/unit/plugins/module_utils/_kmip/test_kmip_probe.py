# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server test without a server: what is written down, what is said, and keys that behave otherwise."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.client import Offer
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.errors import (
    ClientRejectedError,
    ConnectionLostError,
    OperationFailedError,
    ProtocolError,
    UnexpectedAnswerError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.key_client import _AddAttribute
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.probe import Probe
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.probe_record import (
    STEPS,
    ProbeRecord,
    missing,
    remains,
    verdict,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.sdk import BytearrayStream, enums
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.ttlv import walk

PEER = "kms.example.com:5696"
SUBJECT = "CN=vcenter"


def refused(operation, reason=12, text="not authorized"):
    return OperationFailedError(f"KMIP server {PEER}: {operation} failed: {text} (reason {reason})", operation, reason)


def raising(error):
    def call():
        raise error

    return call


# --- what is written down


def test_rows_are_in_order_and_complete():
    ticks = itertools.count()
    record = ProbeRecord(lambda: float(next(ticks)))
    assert [row["step"] for row in record.rows] == [step.name for step in STEPS]
    assert record.attempt("create", lambda: "7") == "7"
    assert record.attempt("get", raising(refused("Get"))) is None
    rows = {row["step"]: row for row in record.rows}
    assert (rows["create"]["ok"], rows["create"]["seconds"], rows["create"]["error"]) == (True, 1.0, None)
    assert (rows["get"]["ok"], rows["get"]["seconds"], rows["get"]["error_kind"]) == (False, 1.0, "permission_denied")
    assert rows["revoke"]["ok"] is None
    assert [row["step"] for row in record.failed] == ["get"]
    assert record.complete is False


def test_other_errors_are_not_swallowed():
    record = ProbeRecord()
    with pytest.raises(KeyError):
        record.attempt("create", raising(KeyError("bug")))


def test_optional_steps_do_not_fail_the_test():
    record = ProbeRecord()
    for step in STEPS:
        record.attempt(step.name, (lambda: True) if step.required else raising(refused("x")))
    assert (record.failed, record.complete) == ([], True)


def test_skipped_steps():
    record = ProbeRecord()
    record.skip("revoke", "the key is not active")
    record.skip("activate", "not needed here", required=False)
    rows = {row["step"]: row for row in record.rows}
    assert (rows["revoke"]["ok"], rows["revoke"]["required"]) == (None, True)
    assert rows["revoke"]["error"] == "not tried: the key is not active"
    assert rows["activate"]["required"] is False


def test_missing_operations():
    assert missing(["CREATE", "ACTIVATE", "GET", "GET_ATTRIBUTES", "REVOKE", "DESTROY"]) == ["AddAttribute", "Locate"]
    assert missing([step.operation for step in STEPS if step.operation]) == []


# --- what is said


@pytest.mark.parametrize(
    ("step", "error", "said", "hint"),
    [
        (
            "activate",
            refused("Activate"),
            "step activate (Activate): Activate failed: not authorized (reason 12) [permission_denied]",
            ". On OVHcloud OKMS the right is the IAM action okms:kmip:activate; the same answer also means "
            "somebody else's key or a key in the wrong state",
        ),
        (
            "get",
            refused("Get", 256),
            "step get (Get): Get failed: not authorized (reason 256) [operation_failed]",
            ". On OVHcloud OKMS the right is the IAM action okms:kmip:get",
        ),
        (
            "create",
            refused("Create", 256, "disk full"),
            "step create (Create): Create failed: disk full (reason 256) [operation_failed]",
            "",
        ),
        ("get", UnexpectedAnswerError("the key has 16 bytes"), "step get (Get): the key has 16 bytes", None),
        (
            "connection",
            ClientRejectedError(f"KMIP server {PEER}: unknown ca"),
            "step connection: unknown ca [client_certificate_rejected]",
            "",
        ),
    ],
)
def test_verdict(step, error, said, hint):
    record = ProbeRecord()
    record.attempt(step, raising(error))
    text = verdict(PEER, SUBJECT, record, [])
    assert text.startswith(f"KMIP server {PEER}: the test with client certificate CN=vcenter failed at {said}")
    if hint is not None:
        assert text.endswith(said + hint)


def test_verdict_names_everything_and_the_key():
    record = ProbeRecord()
    for step in ("activate", "revoke", "destroy"):
        record.attempt(step, raising(refused(step)))
    text = verdict(PEER, SUBJECT, record, remains(["7"], "test-1", False))
    assert text.endswith(
        ". Also failed: revoke (Revoke), destroy (Destroy). Left behind on the server: test key 7 (name test-1); "
        "revoke and destroy it there"
    )
    assert "\n" not in text


def test_what_remains():
    assert remains([], "test-1", False) == []
    (sentence,) = remains([], "test-1", True)
    assert "may be left behind" in sentence
    assert "test-1" in sentence


# --- PyKMIP has no Add Attribute


def test_add_attribute_is_encoded_as_the_specification_says():
    stream = BytearrayStream()
    _AddAttribute("key-7", "x-Product", "ansible").write(stream, enums.KMIPVersion.KMIP_1_4)
    ((tag, payload),) = walk(stream.buffer)
    (identifier, (attribute_tag, attribute)) = walk(payload)
    assert (tag, identifier, attribute_tag) == (0x420079, (0x420094, b"key-7"), 0x420008)
    assert list(walk(attribute)) == [(0x42000A, b"x-Product"), (0x42000B, b"ansible")]


# --- KMIP servers that the lab has not


class Kms:
    """Keys in memory, in the shape of KeyClient. `failing` maps a method to the errors that it raises, in order."""

    version = "1.4"

    def __init__(self, first_state="PRE_ACTIVE", size=32, **failing):
        self.first_state, self.size = first_state, size
        self.failing = {name: list(errors) for name, errors in failing.items()}
        self.keys = {}
        self.asked = []
        self.is_open = False

    def _ask(self, name):
        self.asked.append(name)
        if self.failing.get(name):
            error = self.failing[name].pop(0)
            self.is_open = isinstance(error, (OperationFailedError, ProtocolError))
            raise error

    def open(self):
        self._ask("open")
        self.is_open = True

    def close(self):
        self.is_open = False

    def versions(self):
        self._ask("versions")
        return ["1.4"]

    def query(self):
        self._ask("query")
        return Offer([], None)

    def create(self, name):
        self.keys["7"] = [name, self.first_state]
        self._ask("create")
        return "7"

    def state(self, key_id):
        self._ask("state")
        return self.keys[key_id][1]

    def add_attribute(self, key_id, name, value):
        self._ask("add_attribute")

    def activate(self, key_id):
        self._ask("activate")
        self.keys[key_id][1] = "ACTIVE"

    def material_size(self, key_id):
        self._ask("material_size")
        if key_id not in self.keys:
            raise refused("Get", 1, "no such object")
        return self.size

    def locate(self, name):
        self._ask("locate")
        return [key_id for key_id, (known, _state) in self.keys.items() if known == name]

    def revoke(self, key_id):
        self._ask("revoke")
        self.keys[key_id][1] = "DEACTIVATED"

    def destroy(self, key_id):
        self._ask("destroy")
        del self.keys[key_id]


def probed(kms):
    record = ProbeRecord()
    record.attempt("server_certificate", lambda: None)
    probe = Probe(lambda: kms, record)
    probe.look()
    probe.try_key("test-1")
    return probe, record, {row["step"]: row for row in record.rows}


def test_all_is_well():
    kms = Kms()
    probe, record, _rows = probed(kms)
    assert (record.complete, probe.remains, kms.keys, probe.key_id) == (True, False, {}, "7")


def test_a_server_that_activates_by_itself():
    kms = Kms(first_state="ACTIVE")
    _probe, record, rows = probed(kms)
    assert (record.complete, "activate" in kms.asked, kms.keys) == (True, False, {})
    assert rows["activate"]["error"] == "not tried: the server activates new keys by itself"


def test_a_server_that_activates_by_itself_unseen():
    kms = Kms(first_state="ACTIVE", state=[refused("Get Attributes")] * 2, activate=[refused("Activate")])
    _probe, _record, rows = probed(kms)
    assert (rows["revoke"]["ok"], rows["destroy"]["ok"], kms.keys) == (True, True, {})


@pytest.mark.parametrize(
    ("first_state", "size", "step"), [("COMPROMISED", 32, "state_after_create"), ("ACTIVE", 16, "get")]
)
def test_a_key_that_is_not_as_expected(first_state, size, step):
    kms = Kms(first_state, size)
    probe, record, rows = probed(kms)
    assert (rows[step]["error_kind"], record.complete, probe.remains, kms.keys) == (
        "unexpected_answer",
        False,
        False,
        {},
    )


def test_an_answer_to_create_that_cannot_be_read():
    kms = Kms(create=[ProtocolError("unreadable")])
    probe, _record, rows = probed(kms)
    assert (rows["create"]["error_kind"], rows["destroy"]["ok"], probe.remains) == ("protocol_error", True, False)
    assert kms.keys == {}


def test_a_key_that_can_be_read_after_destroy():
    class Forgetful(Kms):
        def destroy(self, key_id):
            self._ask("destroy")

    probe, record, rows = probed(Forgetful())
    assert probe.left_behind == ["7"]
    assert rows["get_after_destroy"]["error_kind"] == "unexpected_answer"
    assert "at step get_after_destroy (Get): the key can still be read" in verdict(PEER, SUBJECT, record, [])


def test_destroy_is_tried_again_after_a_lost_answer_only():
    lost = ConnectionLostError("gone")
    assert probed(Kms(destroy=[lost]))[0].left_behind == []
    assert probed(Kms(destroy=[lost, refused("Destroy", 1)]))[0].left_behind == []  # the first has done it
    assert probed(Kms(destroy=[lost, refused("Destroy")]))[0].left_behind == ["7"]
    assert probed(Kms(destroy=[refused("Destroy", 1)]))[0].left_behind == ["7"]  # it was there a moment ago


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("bug")])
def test_the_key_goes_whatever_happens(error):
    for step in ("create", "activate", "material_size"):
        kms = Kms(**{step: [error]})
        with pytest.raises(type(error)):
            probed(kms)
        assert kms.keys == {}


def test_nothing_is_written_by_whom_the_server_does_not_know():
    for failing in (
        {"open": [ClientRejectedError("unknown ca")]},
        {"versions": [refused("Discover Versions", 3)]},
        {"query": [ConnectionLostError("gone")]},
    ):
        kms = Kms(**failing)
        probe, _record, rows = probed(kms)
        assert (rows["create"]["ok"], probe.key_name, "create" in kms.asked) == (None, None, False)
