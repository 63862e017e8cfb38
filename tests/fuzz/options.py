# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: options that people type, the files that they name, and ovh.conf."""

from __future__ import annotations

import functools
import os
import tempfile
import typing as t

from hypothesis import strategies as st

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import files, hosts, redact, texts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection import config
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.iam.urns import Urns
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order import lines
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection import session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines import selection

from .engine import target
from .inputs import damaged, damaged_text, odd_text, odd_value

CONF = b"""[default]
endpoint=ovh-eu
[ovh-eu]
application_key=key
application_secret=secret
consumer_key="consumer"
client_id=
"""
URLS = ("https://eu.api.ovh.com/1.0", "ovh-eu", "https://user:pass@host/", "https://[::1]:443/1.0", "https://a:99999/")


@functools.cache
def folder() -> tempfile.TemporaryDirectory[str]:
    """For files that are read."""
    return tempfile.TemporaryDirectory(prefix="vmware-encryption-fuzz-")


def written(data: bytes) -> str:
    """A file with this content."""
    path = os.path.join(folder().name, "file")
    with open(path, "wb") as file:
        file.write(data)
    return path


@target("ovh.conf", damaged([CONF, b"\xef\xbb\xbf" + CONF]), [b"\xff\xfe", b"[default]\nendpoint=https://[\n"])
def _conf(data: bytes) -> None:
    config.load({}, (written(data),))


NAMES = ("endpoint", "application_key", "application_secret", "consumer_key", "client_id", "client_secret", "token_url")


@target(
    "OVHcloud options",
    st.fixed_dictionaries(
        {}, optional={**dict.fromkeys((*NAMES, "access_token"), odd_text), "endpoint": damaged_text(URLS)}
    ),
)
def _ovhcloud(params: dict[str, t.Any]) -> None:
    config.load({"application_key": "k", "application_secret": "s", "consumer_key": "c", **params}, ())


CONNECTION = {
    "hostname": "vc",
    "username": "u",
    "password": "p",
    "port": 443,
    "validate_certs": False,
    "request_timeout": 9,
}


@target(
    "vSphere options",
    st.fixed_dictionaries({}, optional={**dict.fromkeys(("hostname", "proxy_host", "ca_path"), odd_text),
                                        "port": st.integers(), "validate_certs": st.booleans()}),
    [{"validate_certs": True, "ca_path": "a\0b"}],
)  # fmt: skip
def _vsphere(params: dict[str, t.Any]) -> None:
    str(session.target_of({**CONNECTION, **params}))


@target("host names", st.one_of(damaged_text(("kms.example.com", "[2001:db8::1]", "192.0.2.1")), odd_text))
def _hosts(text: str) -> None:
    hosts.check_host("host", text)


@target("files that are read", st.tuples(st.binary(max_size=40), st.one_of(st.none(), odd_text)), [(b"", "a\0b")])
def _files(value: tuple[bytes, str | None]) -> None:
    data, path = value
    files.read_text(written(data) if path is None else path, "ca_path")


@target(
    "URNs", st.tuples(st.lists(st.one_of(odd_text, st.sampled_from(("user:alice", "okms:*", "account"))), max_size=4))
)
def _urns(value: tuple[list[str]]) -> None:
    urns = Urns(lambda: ("ab12345-ovh", "eu"))
    for ask in (urns.identities, urns.resources):
        ask(value[0])


@target("order lines", odd_value)
def _lines(value: t.Any) -> None:
    lines.is_line_of(value, "okms", "eu-west-rbx")


PLACES = {kind: [selection.Place(f"{kind}-1", "one", "DC/vm/one"), selection.Place(f"{kind}-2", "one")] for kind in (
    *selection.PLACES,
)}  # fmt: skip
MACHINES = [
    selection.MachineFacts(f"vm-{number}", name, f"uuid-{number}", folders=["folders-1"])
    for number, name in enumerate(("vm1", "dup", "dup", "a%2fb", "[x", "\udcff"))
]
# longer ones are no trouble, but make long messages
typed = odd_text.filter(lambda text: len(text) < 100)
TAGS = [selection.Tag("c", "a"), selection.Tag("c", "b")]
WORDS = st.lists(
    st.one_of(odd_text, st.sampled_from(("vm1", "dup", "one", "DC/vm/one", "vm-1", "[", "*", "a"))), max_size=3
)


@target(
    "selections",
    st.tuples(*[st.fixed_dictionaries({}, optional=dict.fromkeys(selection.KINDS, st.one_of(st.none(), WORDS)))] * 2),
)
def _selections(value: tuple[dict[str, t.Any], dict[str, t.Any]]) -> None:
    selection.scope(*value)
    selection.apply_selection(selection.Known(MACHINES, PLACES, TAGS), *value)


@target("texts in messages", st.tuples(st.one_of(odd_text, st.text()), odd_value))
def _texts(value: tuple[str, t.Any]) -> None:
    text, other = value
    for made in (texts.one_line(text), texts.shown(other), redact.flat(text)):
        if redact.flat(made) != made:
            raise AssertionError(f"not one line: {made!r}")
    redact.scrub(text, [text])
    redact.misplaced({"endpoint": text, "other": [text, other]})
    if len(texts.one_line(text)) > texts.LONGEST_TEXT or len(texts.shown(other)) > texts.LONGEST_VALUE:
        raise InvalidInputError("too long: " + "x" * 5000)
