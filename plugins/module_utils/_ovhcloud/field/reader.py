# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads with the routes of the contracts, so that each answer is compared with its own."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import NotFoundError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.sightings import Sightings
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.field.shapes import Shapes

Closing = t.Callable[[t.Any], t.Any]


class Reader:
    """One client and what was seen with it. `closing`: registers a further client to be closed with the module."""

    def __init__(self, client: Client, shapes: Shapes, closing: Closing) -> None:
        self.client = client
        self.seen = Sightings()
        self.shapes = shapes
        self.closing = closing

    def get(self, route: str, *names: t.Any, params: t.Mapping[str, t.Any] | None = None) -> t.Any:
        """One answer; `route` is a path with {} for each name."""
        answer = self.client.get(api_path(route, *names), params)
        self.shapes.add(route, answer)
        return answer

    def maybe(self, route: str, *names: t.Any) -> t.Any:
        """The same, None for what does not exist."""
        try:
            return self.get(route, *names)
        except NotFoundError:
            return None

    def every(self, route: str, *names: t.Any) -> list[t.Any]:
        """A list of API v2, over all its pages."""
        answer = self.client.get_all(api_path(route, *names))
        self.shapes.add(route, answer)
        return answer
