# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From pyVmomi's faults and the transport's exceptions to our errors."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
import types
import typing as t
import xml.parsers.expat

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import progress
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.bounded import TooLongError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    AuthenticationError,
    CollectionError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnreachableError,
    UnsupportedError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line as shortened
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.tls import certificate_error, distrust
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import (
    reference,
    vim,
    vmodl,
)

_LONGEST = 400  # characters of a foreign message
_READING = "Deserialize"  # the function of pyVmomi in which an answer is read
_STATUS = re.compile(r"(\d{3}) ")  # how pyVmomi tells an HTTP status: "404 Not Found"
_CONFLICTS = ("AlreadyExists", "DuplicateName", "InvalidState", "ResourceInUse", "ConcurrentAccess", "TaskInProgress")
_MISSING = ("ManagedObjectNotFound", "NotFound", "KeyNotFound")
_UNSUPPORTED = ("MethodNotFound", "NotSupported", "NotImplemented")
ENCRYPTION_RIGHT_HINT = (
    ". On OVHcloud, the vSphere user needs the right encryption_right (module private_cloud_user); it takes "
    "effect at the next login"
)


class UnreadableAnswerError(ApiError):
    """vCenter answered, and the answer cannot be read: what was asked may have been done."""

    def __init__(self, message: str, **details: t.Any) -> None:
        # one that is made anew, with a cause for example, has these words and details already
        words = "" if "maybe_done" in details else ". If it was a change, it may have taken effect"
        super().__init__(message + words, **{**details, "maybe_done": True})


def maybe_done(error: CollectionError) -> bool:
    """Whether the request may have taken effect in spite of the error: only the answer is missing."""
    return isinstance(error, UnreachableError) or bool(error.details.get("maybe_done"))


def never_begun(error: CollectionError) -> bool:
    """Whether vCenter answered the request with a fault: nothing was begun."""
    return isinstance(error.__cause__, faults())


def one_line(text: str) -> str:
    """The text on one line, cut to a readable length."""
    return shortened(text, _LONGEST)


def fault_name(fault: t.Any) -> str:
    """Short type name of a fault: `InvalidArgument`."""
    return str(type(fault).__name__).rsplit(".", maxsplit=1)[-1]


def fault_text(fault: t.Any) -> str:
    """What vCenter said, with the type of the fault; texts of the message list when the main text is empty."""
    texts = [getattr(fault, "msg", None) or ""]
    for message in getattr(fault, "faultMessage", None) or []:
        texts.append(message.message or message.key or "")
    said = one_line("; ".join(text for text in texts if text)) or "no text"
    wrong = one_line(getattr(fault, "invalidProperty", None) or "")
    return f"{said} ({fault_name(fault)}{': ' + wrong if wrong else ''})"


def from_fault(fault: t.Any, what: str) -> CollectionError:
    """Our error for a fault of vCenter; `what` says what was tried and where."""
    name = fault_name(fault)
    if isinstance(fault, vim.fault.InvalidLogin):
        return AuthenticationError(f"could not {what}: vCenter refuses this user name or password ({name})")
    if isinstance(fault, vim.fault.NotAuthenticated):
        return AuthenticationError(f"could not {what}: the session has ended ({name}). Rerun")
    if isinstance(fault, vim.fault.NoPermission):
        return _forbidden(fault, what)
    # the policy service has it for a session that ended (assumption pbm-session-fault), and for a missing privilege if
    # its own fault is newer than the version that the client speaks
    if isinstance(fault, vmodl.fault.SecurityError):
        return ForbiddenError(
            f"could not {what}: {fault_text(fault)}. The user lacks a privilege, or the session has ended", fault=name
        )
    message = f"could not {what}: {fault_text(fault)}"
    kinds: list[tuple[tuple[str, ...], type[CollectionError]]] = [
        (_UNSUPPORTED, UnsupportedError),
        (_MISSING, NotFoundError),
        (_CONFLICTS, ConflictError),
    ]
    # with base types: a fault that no table names, such as EncryptionKeyRequired, still is an InvalidState
    names = {fault_name_of(base) for base in type(fault).__mro__}
    for known, error in kinds:
        if names.intersection(known):
            return error(message, fault=name)
    return ApiError(message, fault=name)


def fault_name_of(fault_type: type) -> str:
    """Short name of a fault type."""
    return fault_type.__name__.rsplit(".", maxsplit=1)[-1]


def _forbidden(fault: t.Any, what: str) -> ForbiddenError:
    privilege = one_line(fault.privilegeId or "") or "unknown"
    target = one_line(reference(fault.object)) if fault.object is not None else "unknown object"
    hint = ENCRYPTION_RIGHT_HINT if privilege.startswith("Cryptographer.") else ""
    return ForbiddenError(
        f"could not {what}: the user lacks the privilege {privilege} on {target}{hint}",
        privilege=privilege,
        object=target,
    )


def from_transport(error: Exception, what: str) -> CollectionError:
    """Our error for what happens below SOAP: TLS, connection, HTTP status, broken XML."""
    refused = certificate_error(error)
    if refused is not None:
        why = distrust(refused, "this host name")
        hint = ". Give its CA with ca_path (vCenter offers it at https://HOST/certs/download.zip)"
        return UnreachableError(
            f"could not {what}: vCenter's TLS certificate is not trusted: {one_line(why.cause)}"
            + (hint if why.unknown_ca else "")
        )
    if isinstance(error, TooLongError):
        made = UnreadableAnswerError(f"could not {what}: {error}")
        made.given_up = True  # it would be as long again
        return made
    if isinstance(error, (TimeoutError, socket.timeout)):  # two types before Python 3.10
        return UnreachableError(f"could not {what}: timed out before the whole answer arrived (option request_timeout)")
    if isinstance(error, ssl.SSLError):
        return UnreachableError(f"could not {what}: TLS failed ({one_line(str(error))})")
    if isinstance(error, OSError):
        return UnreachableError(f"could not {what}: {one_line(str(error)) or type(error).__name__}")
    said = one_line(str(error)) or type(error).__name__
    status = _STATUS.match(str(error)) if isinstance(error, http.client.HTTPException) else None
    if status:
        return ApiError(f"could not {what}: {said}", http_status=int(status[1]))
    if isinstance(error, xml.parsers.expat.ExpatError):
        return UnreadableAnswerError(f"could not {what}: the answer is not complete XML ({said})")
    return UnreadableAnswerError(f"could not {what}: the answer cannot be used ({said})")


def transport_errors() -> tuple[type[Exception], ...]:
    """Expected exceptions of the layers below SOAP."""
    return (OSError, http.client.HTTPException, xml.parsers.expat.ExpatError)


def faults() -> tuple[type[Exception], ...]:
    """All faults that vCenter can raise; empty without pyVmomi."""
    return (vmodl.MethodFault,) if vmodl is not None else ()


@contextlib.contextmanager
def translated(what: str) -> t.Iterator[None]:
    """Raise our errors for everything that a call to vCenter is expected to raise; `what` completes "could not ..."."""
    try:
        with progress.step(what):
            yield
    except faults() as fault:
        raise from_fault(fault, what) from fault
    except transport_errors() as error:
        raise from_transport(error, what) from error
    except Exception as error:
        if isinstance(error, UnicodeEncodeError):  # its text and its chain may hold a password
            raise InvalidInputError(f"could not {what}: a value has a character that cannot be sent") from None
        if error.__class__ is Exception:
            # pyVmomi has no type of its own for an answer without a SOAP body
            said = "the answer is not SOAP; something between Ansible and vCenter may have sent it"
        elif _while_reading(error.__traceback__):
            _count(error)
            said = (
                f"pyVmomi cannot read the answer ({one_line(f'{fault_name(error)}: {error}')}). vCenter may be newer "
                "than pyVmomi: update the Python package pyvmomi"
            )
        else:
            raise
        raise UnreadableAnswerError(f"could not {what}: {said}") from error


def _while_reading(trace: types.TracebackType | None) -> bool:
    """Whether an exception comes from pyVmomi's reading of an answer, and not from a wrong call of ours.

    pyVmomi has no exceptions of its own: an unknown type is a KeyError, an unknown value of an enum an AttributeError.
    """
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_name == _READING and code.co_filename.endswith("SoapAdapter.py"):
            return True
        trace = trace.tb_next
    return False


_counting: list[set[str]] = []
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")


@contextlib.contextmanager
def counting() -> t.Iterator[set[str]]:
    """Collect the names in answers that pyVmomi does not know: fields, types, and words of enums; never a value.

    Each makes its answer unreadable. There are few, because vCenter leaves out what is newer than the version of the
    API that it and pyVmomi have agreed on.
    """
    found: set[str] = set()
    _counting.append(found)
    try:
        yield found
    finally:
        _counting.pop()


def _count(error: Exception) -> None:
    # the text of any other exception is a value that could not be converted
    said = str(error) if isinstance(error, (AttributeError, KeyError)) else ""
    name = said.strip("'").rpartition("'")[2].rpartition(" ")[2]
    for found in _counting:
        found.add(name if _NAME.fullmatch(name) else "(not shown)")
