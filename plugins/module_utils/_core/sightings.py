# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a field check has seen of each assumption: the values that fit, never what they were read from."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError

Value = t.Any  # as in the catalogue: a truth value, a number, a text, None, or a list of texts


@dataclasses.dataclass
class Sighting:
    """One assumption. `fits` is None as long as nothing was seen, and then `reason` says why."""

    id: str
    fits: list[Value] | None = None
    reason: str = ""


class Sightings:
    """Collects them. Texts are written by this collection: no name, address or message of the field may be in them."""

    def __init__(self) -> None:
        self._found: dict[str, Sighting] = {}

    def see(self, name: str, fits: t.Iterable[Value]) -> None:
        """These values fit what was read. After several readings, those are left that fit all of them."""
        known, wanted = self._of(name), list(fits)
        left = wanted if known.fits is None else [one for one in known.fits if _among(one, wanted)]
        known.fits, known.reason = left, ""

    def miss(self, name: str, reason: str) -> None:
        """Nothing showed it; the first reason counts, and only if no other reading shows it."""
        known = self._of(name)
        if known.fits is None:
            known.reason = known.reason or reason

    def when(self, name: str, fits: t.Iterable[Value] | None, reason: str) -> None:
        """`see` these values, or `miss` them if there are none to tell."""
        if fits is None:
            self.miss(name, reason)
        else:
            self.see(name, fits)

    @contextlib.contextmanager
    def reading(self, *names: str) -> t.Iterator[None]:
        """What fails in here only leaves these assumptions unseen. Its text may hold names, so its kind is told."""
        try:
            yield
        except CollectionError as error:
            for name in names:
                self.miss(name, f"it could not be read ({error.kind})")

    def results(self) -> list[dict[str, t.Any]]:
        """For a module's result, by id."""
        return [dataclasses.asdict(self._found[name]) for name in sorted(self._found)]

    def _of(self, name: str) -> Sighting:
        return self._found.setdefault(name, Sighting(name))


def same(one: Value, other: Value) -> bool:
    """Whether both are the same value; True is not 1 here."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _among(one: Value, others: t.Iterable[Value]) -> bool:
    return any(same(one, other) for other in others)
