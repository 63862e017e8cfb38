# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SOAP envelopes: requests in, answers and faults out, in the version that client and server share."""

from __future__ import annotations

import dataclasses
import io
import re
import typing as t
from xml.parsers import expat

from pyVmomi import vmodl

from . import vmomi

CONTENT_TYPE = {"Content-Type": "text/xml; charset=utf-8"}
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")  # not allowed in XML 1.0, and pyVmomi lets them pass
ENVELOPE_DEPTH = 2  # Envelope, then Header or Body


@dataclasses.dataclass
class SoapRequest:
    """A method call. `info` is pyVmomi's signature; None for `Fetch` and for methods that do not exist."""

    name: str = ""
    this: t.Any = None
    arguments: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    header: dict[str, str] = dataclasses.field(default_factory=dict)
    info: t.Any = None
    version: str = ""


class _Reader(vmomi.NamespaceHandlers):
    """Walks Envelope, Header and Body and hands every parameter to pyVmomi's deserialiser."""

    def __init__(self, version: str) -> None:
        super().__init__()
        self.request = SoapRequest(version=version)
        self._open: list[str] = []
        self._text = ""
        self._types: dict[str, type] = {}
        self._parser = expat.ParserCreate(namespace_separator=vmomi.NS_SEP)
        self._parser.buffer_text = True

    def read(self, body: bytes) -> SoapRequest:
        vmomi.install(self._parser, self)
        self._parser.Parse(body, True)
        if not self.request.name:
            raise ValueError("the envelope holds no method")
        return self.request

    def StartElementHandler(self, tag: str, attributes: t.Any) -> None:  # noqa: N802  # expat's name
        namespace, _sep, name = tag.rpartition(vmomi.NS_SEP)
        depth = len(self._open)
        if depth < ENVELOPE_DEPTH and namespace != vmomi.XMLNS_SOAPENV:
            raise ValueError(f"{name} is not a SOAP envelope")
        self._text = ""
        in_body = self._open[1:2] == ["Body"]
        if in_body and depth == ENVELOPE_DEPTH:
            self._method(name)
        elif in_body and depth == ENVELOPE_DEPTH + 1 and self._parameter(name, tag, attributes):
            return
        self._open.append(name)

    def CharacterDataHandler(self, text: str) -> None:  # noqa: N802  # expat's name
        self._text += text

    def EndElementHandler(self, _tag: str) -> None:  # noqa: N802  # expat's name
        name = self._open.pop()
        if self._open[1:] == ["Header"]:
            self.request.header[name] = self._text.strip()

    def _method(self, name: str) -> None:
        self.request.name = name
        if name == "Fetch":  # not in the metadata: it reads one property
            self._types = {"prop": str}
            return
        self.request.info = vmomi.method_info(name)
        if self.request.info is not None:
            self._types = {
                parameter.name: parameter.type
                for parameter in self.request.info.params
                if vmomi.includes(self.request.version, parameter.version)
            }

    def _parameter(self, name: str, tag: str, attributes: t.Any) -> bool:
        """Take over one parameter; False to skip one that this version does not know."""
        kind = vmomi.ManagedObject if name == "_this" else self._types.get(name)
        if kind is None:
            return False

        def done(value: t.Any) -> None:
            if name == "_this":
                self.request.this = value
            elif issubclass(kind, list):
                self.request.arguments.setdefault(name, kind()).append(value)
            else:
                self.request.arguments[name] = value

        vmomi.ElementReader(self._parser, kind, self.nsMap, done).start(tag, attributes)
        return True


def shared_version(soap_action: str, server: str) -> str:
    """The client's version, or the server's when the client names a newer or unknown one."""
    client = vmomi.version_of(soap_action.strip().strip('"').removeprefix("urn:"))
    return client if client and vmomi.includes(server, client) else server


def parse(body: bytes, version: str) -> SoapRequest:
    """The call in an envelope; raises vmodl.fault.InvalidRequest."""
    try:
        return _Reader(version).read(body)
    except (expat.ExpatError, ValueError, TypeError, AttributeError, KeyError) as exc:
        raise vmodl.fault.InvalidRequest(msg=f"The request cannot be read: {exc}") from exc


def serialise(name: str, value: t.Any, kind: type, version: str, flags: int = 0) -> str:
    """One element, or one for each item of a list; nothing for None. It has no fields newer than `version`."""
    writer = io.StringIO()
    vmomi.ServerSerializer(writer, version).Serialize(value, vmomi.element(name, kind, version, flags))
    return CONTROL.sub("", writer.getvalue())


def answer(method: str, inner: str, namespace: str = vmomi.NAMESPACE) -> bytes:
    """The envelope of a successful call."""
    return _envelope(f'<{method}Response xmlns="{namespace}">{inner}</{method}Response>')


def fault(exception: t.Any, version: str) -> bytes:
    """The envelope of a fault with its typed detail."""
    name = vmomi.wire_name(exception)
    writer = io.StringIO()
    with vmomi.without_message(exception) as text:
        # clients look for this suffix
        detail = vmomi.element(f"{name}Fault", object, version)
        vmomi.ServerSerializer(writer, version).SerializeFaultDetail(exception, detail)
    xml = CONTROL.sub("", writer.getvalue())
    xml = xml.replace(f"<{name}Fault", f'<{name}Fault xmlns="{vmomi.namespace_of(version)}"', 1)
    text = vmomi.xml_escape(CONTROL.sub("", text))
    return _envelope(
        "<soapenv:Fault><faultcode>ServerFaultCode</faultcode>"
        f"<faultstring>{text}</faultstring><detail>{xml}</detail></soapenv:Fault>"
    )


def _envelope(inner: str) -> bytes:
    head, tail = vmomi.ENVELOPE
    return (head + inner + tail).encode()


def versions_file(version: str, namespace: str = vmomi.NAMESPACE) -> bytes:
    """vimServiceVersions.xml and its like, from which clients choose the version they speak."""
    prior = "".join(f"<version>{number}</version>" for number in vmomi.prior_versions(version))
    return (
        '<?xml version="1.0" encoding="UTF-8" ?><namespaces version="1.0"><namespace>'
        f"<name>{namespace}</name><version>{vmomi.wire_version(version)}</version>"
        f"<priorVersions>{prior}</priorVersions></namespace></namespaces>"
    ).encode()
