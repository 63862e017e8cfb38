# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads PyKMIP once, before the modules that use it: without its warnings, and without keys in its log."""

from __future__ import annotations

import logging
import typing as t
import warnings

import sqlalchemy
import sqlalchemy.event

with warnings.catch_warnings():
    # old names of SQLAlchemy and cryptography; nothing that the lab could change
    warnings.simplefilter("ignore")
    from kmip.pie import sqltypes
    from kmip.services.server import engine, session

LOADED = (engine, session)

# requests hold keys, and PyKMIP logs them whole at level DEBUG; refusals are answers of the lab, not news
LOGGER = logging.getLogger("kmip.server")
LOGGER.addHandler(logging.NullHandler())
LOGGER.setLevel(logging.WARNING)

# what SQLAlchemy assumes anyway, but then with a warning for each query
for kind in (sqltypes.EnumType, sqltypes.UsageMaskType):
    kind.cache_ok = False


def _do_not_wait_for_the_disk(connection: t.Any, _record: t.Any) -> None:
    """Stores of keys live as long as their lab: nothing has to survive the end of a process."""
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA journal_mode=MEMORY")


# PyKMIP makes its engines and their tables in one go; nobody else in a process with a lab uses SQLAlchemy
sqlalchemy.event.listen(sqlalchemy.engine.Engine, "connect", _do_not_wait_for_the_disk)
