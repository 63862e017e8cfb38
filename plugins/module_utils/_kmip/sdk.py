# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one guarded import of PyKMIP. It costs half a second: import this (or client.py) only where KMIP is spoken."""

from __future__ import annotations

import logging
import typing as t
import warnings

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import Library

__all__ = [
    "PYKMIP",
    "AttributeFactory",
    "BytearrayStream",
    "KMIPProxy",
    "attributes",
    "enums",
    "messages",
    "objects",
    "primitives",
]

# 0.10.0 fails from Python 3.12 on, where ssl.wrap_socket is gone (measured)
_MINIMUM = "0.11.0"

attributes: t.Any = None
enums: t.Any = None
messages: t.Any = None
objects: t.Any = None
primitives: t.Any = None
AttributeFactory: t.Any = None
KMIPProxy: t.Any = None
BytearrayStream: t.Any = None

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyKMIP's own use of SQLAlchemy and cryptography
        import kmip
        import kmip.core.attributes
        import kmip.core.enums
        import kmip.core.factories.attributes
        import kmip.core.messages.messages
        import kmip.core.objects
        import kmip.core.primitives
        import kmip.core.utils
        import kmip.services.kmip_client
except ImportError as import_error:
    PYKMIP = Library("pykmip", _MINIMUM, error=str(import_error))
else:
    PYKMIP = Library("pykmip", _MINIMUM, version=getattr(kmip, "__version__", None))
    attributes = kmip.core.attributes
    enums = kmip.core.enums
    messages = kmip.core.messages.messages
    objects = kmip.core.objects
    primitives = kmip.core.primitives
    AttributeFactory = kmip.core.factories.attributes.AttributeFactory
    KMIPProxy = kmip.services.kmip_client.KMIPProxy
    BytearrayStream = kmip.core.utils.BytearrayStream
    logging.getLogger("kmip").setLevel(logging.WARNING)  # below it logs whole messages, credentials included
