# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role field_check compares answers with, from the contracts. Run as a module, it writes the role's file.

Routes are those that the module ovhcloud_field_info reads; what their answers consist of comes from contract_data.
"""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

from .contracts import operations

FILE = pathlib.Path(__file__).resolve().parents[3] / "roles/field_check/files/contracts.json"
# {} for each name; a test compares them with what the module asks for
ROUTES = (
    "/auth/details",
    "/dedicatedCloud",
    "/dedicatedCloud/{}",
    "/dedicatedCloud/{}/task",
    "/dedicatedCloud/{}/task/{}",
    "/dedicatedCloud/{}/vmEncryption",
    "/dedicatedCloud/{}/vmEncryption/kms",
    "/dedicatedCloud/{}/vmEncryption/kms/{}",
    "/me",
    "/me/order",
    "/me/order/{}",
    "/me/order/{}/details",
    "/me/order/{}/details/{}",
    "/me/order/{}/details/{}/extension",
    "/me/order/{}/details/{}/operations",
    "/order/catalog/public/okms",
    "/v2/okms/reference/regions",
    "/v2/okms/resource",
    "/v2/okms/resource/{}",
    "/v2/okms/resource/{}/credential",
    "/v2/okms/resource/{}/log/kind",
    "/v2/okms/resource/{}/secret",
    "/v2/okms/resource/{}/serviceKey",
)


def shapes() -> dict[str, t.Any]:
    """Types of answers by route, and the fields or words of each type that they consist of."""
    known = {}
    for operation in operations():
        prefix = {2: "/v2", 3: "/api"}.get(operation.version, "")
        if operation.method == "GET":
            known[re.sub(r"\{\w+\}", "{}", prefix + operation.template)] = operation
    routes, models = {}, dict[str, t.Any]()
    for route in ROUTES:
        operation = known[route]
        routes[route] = operation.answer_type
        todo = [operation.answer_type]
        while todo:
            kind = todo.pop().removesuffix("[]")
            if kind in models or kind not in operation.models:
                continue
            model = operation.models[kind]
            if "enum" in model:
                models[kind] = model["enum"]
                continue
            models[kind] = {
                name: field.get("fullType") or field["type"] for name, field in sorted(model["properties"].items())
            }
            todo += list(models[kind].values())
    return {"routes": routes, "models": dict(sorted(models.items()))}


def text() -> str:
    """The role's file."""
    return json.dumps(shapes(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
