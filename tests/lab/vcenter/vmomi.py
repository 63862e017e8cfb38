# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the lab needs of pyVmomi beyond its public types: metadata and the server's end of its (de)serialisers.

The underscored members are no public interface of pyVmomi. They are used in this file only, and
`tests/lab_tests/test_vcenter_vmomi.py` fails loudly when one of them disappears.
"""

from __future__ import annotations

import contextlib
import io
import typing as t

from pyVmomi import SoapAdapter
from pyVmomi import VmomiSupport as Support

NAMESPACE, VSAN_NAMESPACE, PBM_NAMESPACE = "urn:vim25", "urn:vsan", "urn:pbm"
NS_SEP = SoapAdapter.NS_SEP
OPTIONAL = Support.F_OPTIONAL
DataObject = Support.DataObject
ManagedObject = Support.ManagedObject
MethodFault = Support.GetVmodlType("vmodl.MethodFault")
NamespaceHandlers = SoapAdapter.ExpatDeserializerNSHandlers

xml_escape: t.Callable[[str], str] = SoapAdapter.XmlEscape
ENVELOPE = (SoapAdapter.XML_HEADER + "\n" + SoapAdapter.SOAP_START, SoapAdapter.SOAP_END)
XMLNS_SOAPENV: str = SoapAdapter.XMLNS_SOAPENV


def _known(**wire: str) -> dict[str, str]:
    """Versions by their release, as far as this pyVmomi has them: 8.0.3 is the newest of the oldest that we support."""
    found = {name.lstrip("v").replace("_", "."): Support.versionMap.get(number) for name, number in wire.items()}
    return {name: version for name, version in found.items() if version}


VERSIONS = _known(v7_0_1="vim25/7.0.1.0", v7_0_2="vim25/7.0.2.0", v8_0_3="vim25/8.0.3.0", v9_0="vim25/9.0.0.0")
NEWEST = [*VERSIONS.values()][-1]
# vSAN numbers its versions on its own; some names hold a blank
VSAN_VERSIONS = _known(v7_0_1="vsan/vSAN 7.0U1", v7_0_2="vsan/vSAN 7.0U2", v8_0_3="vsan/8.0.0.4", v9_0="vsan/9.0.0.0")
# so does the service for storage policies
PBM_VERSIONS = _known(v7_0_1="pbm/7.0.1.0", v7_0_2="pbm/7.0.2.0", v8_0_3="pbm/8.0.3.0", v9_0="pbm/9.0.0.0")


def namespace_of(version: str) -> str:
    """Namespace of the answers to a client that speaks that version."""
    return {"pbm": PBM_NAMESPACE, "vsan": VSAN_NAMESPACE}.get(version.partition(".")[0], NAMESPACE)


def wire_version(version: str) -> str:
    """The number of a version on the wire, such as 8.0.3.0."""
    return str(Support.versionIdMap[version])


def version_of(wire: str) -> str | None:
    """The version named `vim25/8.0.3.0` on the wire, None when unknown."""
    return t.cast("str | None", Support.versionMap.get(wire))


def includes(version: str, wanted: str) -> bool:
    """Whether `version` is `wanted` or a later one."""
    return bool(Support.IsChildVersion(version, wanted))


def prior_versions(version: str) -> list[str]:
    """Wire numbers of all earlier versions of the same interface, oldest first."""
    interface = version.partition(".")[0]
    return sorted(
        {
            wire_version(other)
            for other in Support.versionMap.values()
            if other.startswith(f"{interface}.version.") and other != version and includes(version, other)
        }
    )


def method_info(name: str) -> t.Any:
    """Signature of a method by its wire name; None when pyVmomi does not know it."""
    for namespace in (NAMESPACE, VSAN_NAMESPACE, PBM_NAMESPACE):
        with contextlib.suppress(KeyError):
            return Support.GetWsdlMethod(namespace, name).info
    return None


def moid(reference: t.Any) -> str:
    """The object's id."""
    return str(reference._moId)


def wire_name(thing: t.Any) -> str:
    """Wire name of an object's type (or of a type)."""
    kind: t.Any = thing if isinstance(thing, type) else type(thing)
    return str(kind._wsdlName)


def property_info(kind: type, name: str) -> t.Any:
    """Metadata of a property of a managed or data object type; None when it has no such property."""
    try:
        if issubclass(kind, ManagedObject):
            return Support.GetPropertyInfo(kind, name)
        return kind._GetPropertyInfo(name)  # type: ignore[attr-defined]
    except (AttributeError, KeyError):
        return None


def data_properties(kind: type) -> list[t.Any]:
    """Metadata of all properties of a type."""
    return list(kind._GetPropertyList())  # type: ignore[attr-defined]


def managed_type(wire: str) -> t.Any:
    """The type of that wire name."""
    return Support.GetWsdlType(NAMESPACE, wire)


def array_of(kind: t.Any, items: list[t.Any]) -> t.Any:
    """A typed list, as `anyType` needs it."""
    return kind.Array(items)


def typed(value: t.Any, declared: t.Any) -> t.Any:
    """The value such that it keeps its declared type where the wire says only `anyType`."""
    if value is None:
        return None
    if isinstance(value, list):
        if isinstance(value, Support.Array):
            return value
        return (declared if issubclass(declared, list) else Support.Array)(value)
    if issubclass(declared, (Support.Enum, Support.long, Support.short, Support.byte)):
        return declared(value)
    return value


_WRITTEN = "_lab_written"


def unchanging(value: t.Any) -> t.Any:
    """A data object that nobody will change any more, and that is sent often: its XML is kept."""
    value.__dict__[_WRITTEN] = {}
    return value


class ServerSerializer(SoapAdapter.SoapSerializer):
    """pyVmomi's serialiser with what a server has to do differently."""

    def __init__(self, writer: t.Any, version: str) -> None:
        super().__init__(writer, version, {**SoapAdapter.SOAP_NSMAP, namespace_of(version): ""})
        self.outermostAttrs = ""  # versionId is for requests

    def _QName(self, typ: type, defNS: str) -> tuple[str, str]:  # noqa: N802, N803  # pyVmomi's names
        attributes, name = super()._QName(typ, defNS)
        # govc knows references inside anyType only by this name
        return attributes, name + "Reference" if typ is ManagedObject else name

    def _Serialize(self, val: t.Any, info: t.Any, defNS: str) -> None:  # noqa: N802, N803  # pyVmomi's names
        # a required list may be empty on the wire, which pyVmomi's clients never need
        if isinstance(val, list) and not val and info.type is not object:
            return
        written = val.__dict__.get(_WRITTEN) if isinstance(val, DataObject) else None
        if written is None:
            super()._Serialize(val, info, defNS)
            return
        form = (self.version, info.name, info.type, info.version, info.flags, defNS)
        if form not in written:
            writer, self.writer = self.writer, io.StringIO()
            super()._Serialize(val, info, defNS)
            written[form], self.writer = self.writer.getvalue(), writer
        self.writer.write(written[form])


def element(name: str, kind: type, version: str, flags: int = 0) -> t.Any:
    """Description of one element to write."""
    return Support.Object(name=name, type=kind, version=version, flags=flags | OPTIONAL)


class ElementReader:
    """Reads one parameter with pyVmomi's deserialiser, which owns the parser until the element is complete."""

    def __init__(self, parser: t.Any, kind: type, namespaces: t.Any, done: t.Callable[[t.Any], None]) -> None:
        self._deserializer = SoapAdapter.SoapDeserializer()
        # in list mode it would swallow the following siblings
        item = kind.Item if issubclass(kind, list) else kind  # type: ignore[attr-defined]
        self._deserializer.Deserialize(parser, item, False, namespaces)
        self._inner = self._deserializer.EndElementHandler
        self._done = done
        parser.EndElementHandler = self._end

    def start(self, tag: str, attributes: t.Any) -> None:
        """Replay the start tag that led here."""
        self._deserializer.StartElementHandler(tag, attributes)

    def _end(self, tag: str) -> None:
        self._inner(tag)
        if not hasattr(self._deserializer, "stack"):  # it deletes that when its element is complete
            self._done(self._deserializer.GetResult())


def install(parser: t.Any, handlers: t.Any) -> None:
    """Let `handlers` receive the parser's events."""
    SoapAdapter.SetHandlers(parser, SoapAdapter.GetHandlers(handlers))


@contextlib.contextmanager
def without_message(fault: t.Any) -> t.Iterator[str]:
    """The fault's text, taken out of it while its detail is written: it travels as faultstring."""
    text, fault.msg = fault.msg, None
    try:
        yield text or ""
    finally:
        fault.msg = text
