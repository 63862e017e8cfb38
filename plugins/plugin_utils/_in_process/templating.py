# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the templates of roles need, loaded once in the process that runs the play."""

from __future__ import annotations

import contextlib
import copy
import importlib
import pkgutil
import typing as t

from ansible.plugins.loader import PluginLoader, filter_loader, get_with_context_result, test_loader

_COLLECTION = "ovhcloud.vmware_encryption"
_PACKAGE = f"ansible_collections.{_COLLECTION}.plugins.filter"


def load_filters() -> None:
    """Load those of this collection and of Ansible; else each worker that templates with one would load all of them.

    For each name in each task, Ansible would also go through all filter files of the collection anew (`Jinja2Loader` in
    ansible/plugins/loader.py): 50 times in a run of role okms that changes nothing, a twentieth of its CPU time.
    What cannot be loaded is left to the first task that uses it, which then says so.
    """
    with contextlib.suppress(Exception):
        test_loader.get("ansible.builtin.version")
        filter_loader.get("ansible.builtin.combine")
        known, look_up = filters(), filter_loader.get_with_context

        def get_with_context(name: str, *arguments: t.Any, **named: t.Any) -> t.Any:
            return known.get(name) or look_up(name, *arguments, **named)

        filter_loader.get_with_context = get_with_context


def filters() -> dict[str, t.Any]:
    """What Ansible's loader finds for the full name of each filter of this collection."""
    found: dict[str, t.Any] = {}
    for _finder, name, _is_package in pkgutil.iter_modules(importlib.import_module(_PACKAGE).__path__):
        file = PluginLoader.get_with_context(filter_loader, f"{_COLLECTION}.{name}")
        for leaf, function in file.object.filters().items():
            full = f"{_COLLECTION}.{leaf}"
            one, context = filter_loader._plugin_wrapper_type(function), copy.copy(file.plugin_load_context)
            filter_loader._update_object(obj=one, name=full, path=file.object._original_path, resolved=full)
            context._resolved_fqcn = one.ansible_name  # else the name of the file
            found[full] = get_with_context_result(one, context)
    return found
