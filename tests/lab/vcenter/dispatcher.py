# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a method's wire name to the function that plays it, with the checks that all of them share."""

from __future__ import annotations

import dataclasses
import typing as t

from . import errors, vmomi

if t.TYPE_CHECKING:
    from .core import Core
    from .sessions import Session
    from .soap import SoapRequest
    from .store import ObjectStore

# answered without a session; Fetch of ServiceInstance.content is the third of them
FREE = ("RetrieveServiceContent", "Login", "PbmRetrieveServiceContent")


@dataclasses.dataclass
class Call:
    """One call on its way to its function. `session` is None only for calls that need none."""

    name: str
    this: t.Any
    arguments: dict[str, t.Any]
    session: t.Any
    version: str
    cookie: str
    peer: str = ""
    agent: str = ""


@dataclasses.dataclass(frozen=True)
class Operation:
    """A method of the vCenter. `blocking` ones are called without the lock and take it themselves."""

    name: str
    kind: str
    blocking: bool
    function: t.Callable[[Call], t.Any]


def operation(name: str, kind: str = "read", blocking: bool = False) -> t.Callable[[t.Any], t.Any]:
    """Mark a function as the one for the method of that wire name; `kind` is the journal's."""

    def mark(function: t.Any) -> t.Any:
        function.operation = (name, kind, blocking)
        return function

    return mark


class Dispatcher:
    """Finds and calls the function of a method."""

    def __init__(self, core: Core, services: t.Iterable[t.Any], store: ObjectStore | None = None) -> None:
        self._core = core
        self._store = store or core.store
        self._operations: dict[str, Operation] = {}
        for service in services:
            for member in vars(type(service)).values():
                marked = getattr(member, "operation", None)
                if marked:
                    name, kind, blocking = marked
                    self._operations[name] = Operation(name, kind, blocking, member.__get__(service))

    def kind(self, name: str) -> str:
        """How the journal files a method; an unknown one counts as writing."""
        if name == "Fetch":
            return "read"
        known = self._operations.get(name)
        return known.kind if known else "write"

    def call(self, request: SoapRequest, call: Call) -> tuple[t.Any, type, int]:
        """Result, its declared type and flags; raises vmodl faults."""
        if request.this is None:
            raise errors.invalid_argument("_this")
        if call.session is None and not self._is_free(request):
            raise errors.not_authenticated(request.this)
        if request.name == "Fetch":
            return self._fetch(call)
        known = self._operations.get(request.name)
        info = request.info
        if known is None or info is None or not vmomi.includes(request.version, info.version):
            raise errors.method_not_found(request.this, request.name)
        call.this = self._store.reference(request.this)
        if not isinstance(call.this, info.type):
            raise errors.method_not_found(request.this, request.name)
        self._store.check_allowed(call.this, request.name, info.privId)
        self._check(call, info)
        if known.blocking:
            result = known.function(call)
        else:
            with self._core.lock:
                result = known.function(call)
        return result, info.result, info.resultFlags

    @staticmethod
    def _is_free(request: SoapRequest) -> bool:
        return request.name in FREE or (request.name == "Fetch" and request.arguments.get("prop") == "content")

    @staticmethod
    def _check(call: Call, info: t.Any) -> None:
        """Privilege and required parameters, as the metadata has them."""
        session: Session | None = call.session
        if session is not None and not session.may(info.privId):
            raise errors.no_permission(call.this, info.privId)
        for parameter in info.params:
            required = not parameter.flags & vmomi.OPTIONAL and vmomi.includes(call.version, parameter.version)
            if required and parameter.name not in call.arguments:
                if issubclass(parameter.type, list):
                    call.arguments[parameter.name] = parameter.type()
                else:
                    raise errors.invalid_argument(parameter.name)

    def _fetch(self, call: Call) -> tuple[t.Any, type, int]:
        store = self._store
        name = call.arguments.get("prop") or ""
        with self._core.lock:
            reference = store.reference(call.this)
            store.touch(reference)
            info = store.check_path(type(reference), name, call.version)
            return store.read(reference, name), info.type, info.flags
