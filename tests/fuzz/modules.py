# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: whole modules, of whose answers one is bent: those of the API's contracts, and those of the lab's vCenter.

A module that ends in another way than with a result or an error of one line has crashed.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import os
import re
import tempfile
import typing as t
from unittest import mock
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection import client
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import answers as answers_of_contracts
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules import test_ovhcloud_answers as contracts
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

from .engine import target
from .inputs import changed, odd_text, odd_value, places
from .network import answering, raw_answer, recording


def judged(result: harness.ModuleResult) -> None:
    """Raise the error that a user would see."""
    if result.failed:
        raise CollectionError(result.msg)


# --- OVHcloud: each answer of the contracts

EDITS = st.lists(
    st.tuples(
        st.integers(0, 10**6), st.sampled_from(("new", "new", "new", "remove", "twice", "wrap", "cut")), odd_value
    ),
    min_size=1,
    max_size=3,
)


class _Bent(contracts.Service):
    """Answers from the contracts, one of which is bent by any edits."""

    operation = ""
    edits: t.Sequence[tuple[int, str, t.Any]] = ()

    def send(self, method: str, call_path: str, *more: t.Any, **named: t.Any) -> t.Any:
        value, answer = super().send(method, call_path, *more, **named)
        if self.operation and answers_of_contracts.operation_of(method, call_path).name == self.operation:
            where = list(places(value))
            value = copy.deepcopy(value)
            for place, how, new in self.edits:
                value = changed(value, where[place % len(where)], how, new)
        return value, answer


@functools.cache
def _folder() -> str:
    made = tempfile.TemporaryDirectory(prefix="vmware-encryption-fuzz-")
    _KEPT.append(made)
    return made.name


_KEPT: list[t.Any] = []


@contextlib.contextmanager
def _in_folder() -> t.Iterator[None]:
    """Modules write files where they are started."""
    before = os.getcwd()
    os.chdir(_folder())
    try:
        yield
    finally:
        os.chdir(before)


@functools.cache
def _asked(number: int) -> tuple[str, ...]:
    service = _Bent(contracts.CASES[number])
    with mock.patch.object(client.Client, "_send", service.send), _in_folder():
        service.run()
    return tuple(name for name in service.asked)


CASES = st.integers(0, len(contracts.CASES) - 1)


@target("OVHcloud answers, whole modules", st.tuples(CASES, st.integers(0, 30), EDITS), share=0.2)
def _ovhcloud(value: tuple[int, int, list[tuple[int, str, t.Any]]]) -> None:
    number, which, edits = value
    asked = _asked(number)
    service = _Bent(contracts.CASES[number])
    service.operation, service.edits = asked[which % len(asked)], edits
    with mock.patch.object(client.Client, "_send", service.send), _in_folder():
        judged(service.run())


# --- vCenter: each answer of the lab

MODULES: tuple[tuple[str, dict[str, t.Any]], ...] = (
    ("key_provider_info", {"users": True}),
    ("vm_encryption_info", {}),
    ("host_encryption_info", {}),
    ("vsan_encryption_info", {}),
    ("vcenter_readiness_info", {}),
    ("vcenter_field_info", {}),
    ("encryption_storage_policy_info", {}),
    ("vm_encryption", {"selection": {"all": True}, "provider": "nkp", "blocked": "skip"}),
    ("vm_rekey", {"selection": {"all": True}, "mode": "shallow", "blocked": "skip"}),
    ("vm_vtpm", {"selection": {"all": True}, "blocked": "skip"}),
    ("vm_unlock", {"selection": {"all": True}}),
    ("native_key_provider", {"name": "nkp", "tpm_required": False}),
    ("standard_key_provider", {"name": "kms", "servers": [{"name": "one", "address": "192.0.2.1"}]}),
)
_METHOD = re.compile(rb"Body[^>]*>\s*<(?:\w+:)?(\w+)")
_TAG = re.compile(r"<(/?)([\w:.-]+)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)(/?)>")


class Talk(t.NamedTuple):
    """What a module and the lab's vCenter said to each other: (what was asked, the answer), in order."""

    options: dict[str, t.Any]
    answers: list[tuple[bytes, bytes]]


def asked_for(request: bytes) -> bytes:
    """The method of a SOAP request, or method and path of another one."""
    found = _METHOD.search(request)
    return found[1] if found else request.partition(b" HTTP/")[0]


@functools.cache
def talks() -> tuple[Talk, ...]:
    """One for each module, in check mode, all with one lab."""
    found = []
    with Lab() as lab:
        options = harness.connection(lab, "vsphere")
        right: dict[str, t.Any] = {"service_name": lab.private_cloud, "name": "admin", "encryption_right": True}
        harness.run_module("private_cloud_user", **right, **harness.connection(lab, "ovhcloud"))
        harness.run_module("native_key_provider", name="nkp", tpm_required=False, **options)
        for module, more in MODULES:
            answers: list[tuple[bytes, bytes]] = []
            with recording(lambda sent, told, kept=answers: kept.append((asked_for(sent), told))):  # type: ignore[misc]
                harness.run_module(module, True, **more, **options)
            found.append(Talk({**more, **options, "validate_certs": False, "ca_path": None}, answers))
    return tuple(found)


def spans(text: str) -> list[tuple[int, int, int, int]]:
    """(start, start of the inside, its end, end) of all elements of an XML text."""
    opened: list[tuple[str, int, int]] = []
    found = []
    for match in _TAG.finditer(text):
        closes, name, _attributes, alone = match.groups()
        if alone:
            found.append((match.start(), match.end(), match.end(), match.end()))
        elif not closes:
            opened.append((name, match.start(), match.end()))
        elif opened and opened[-1][0] == name:
            _name, start, inside = opened.pop()
            found.append((start, inside, match.start(), match.end()))
    return found


XML_EDITS = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(("text", "remove", "empty", "twice", "type", "name")), odd_text),
    min_size=1,
    max_size=3,
)


def bent_xml(text: str, edits: t.Sequence[tuple[int, str, str]]) -> str:
    """The text with some elements changed."""
    for place, how, new in edits:
        found = spans(text)
        if not found:
            return text
        start, inside, stop, end = found[place % len(found)]
        whole, tag, content, close = text[start:end], text[start:inside], text[inside:stop], text[stop:end]
        made = {
            "text": tag + escape(new) + close,
            "remove": "",
            "empty": tag + close,
            "twice": whole + whole,
            "type": re.sub(r'type="[^"]*"', f'type="{escape(new, {chr(34): ""})}"', tag) + content + close,
            "name": whole.replace(tag.split()[0].strip("<>/"), "other") if len(tag) > 2 else whole,
        }[how]
        text = text[:start] + made + text[end:]
    return text


def bent_answer(told: bytes, edits: t.Sequence[tuple[int, str, str]], odd: t.Any) -> bytes:
    """One HTTP answer with its XML or JSON changed."""
    head, _blank, body = told.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    text = body.decode("utf-8", "replace")
    if text.lstrip().startswith("<"):
        kind, made = "text/xml", bent_xml(text, edits)
    else:
        kind, value = "application/json", json.loads(text) if text.strip() else None
        where = list(places(value))
        for place, how, _new in edits:
            value = changed(value, where[place % len(where)], {"text": "new", "empty": "wrap"}.get(how, how), odd)
        made = json.dumps(value)
    return raw_answer(status, {"Content-Type": kind}, made.encode("utf-8", "surrogatepass"))


@target(
    "vCenter answers, whole modules",
    st.tuples(st.integers(0, len(MODULES) - 1), st.integers(0, 10**6), XML_EDITS, odd_value),
    share=0.1,
)
def _vcenter(value: tuple[int, int, list[tuple[int, str, str]], t.Any]) -> None:
    number, which, edits, odd = value
    talk = talks()[number]
    told = list(talk.answers)
    place = which % len(told)
    told[place] = (told[place][0], bent_answer(told[place][1], edits, odd))

    def respond(request: bytes) -> bytes:
        wanted = asked_for(request)
        for index, (asked, answer) in enumerate(told):
            if asked == wanted:
                # the last answer to a question is given again and again
                return told.pop(index)[1] if sum(one == wanted for one, _answer in told) > 1 else answer
        return raw_answer(404, {}, b"")

    with answering(respond):
        try:
            judged(harness.run_module(MODULES[number][0], True, **talk.options))
        except harness.UnexpectedEndError as error:  # what lacks in vCenter's answers is told by the net of all modules
            judged(error.result)
