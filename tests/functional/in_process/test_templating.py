# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that are looked up once for all templates of a play are those that Ansible would find for each."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness

# what is told of each filter: the function, what Ansible's messages name, and the file
PROGRAM = """
import json, pkgutil
from ansible.plugins import loader
if hasattr(loader, "init_plugin_loader"):
    loader.init_plugin_loader()
from ansible.plugins.loader import filter_loader
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process import templating

def told(found):
    wrapper, context = found
    function = wrapper.j2_function
    return [function.__module__, function.__qualname__, wrapper.ansible_name, wrapper.ansible_aliases,
            wrapper._original_path, context.plugin_resolved_name, context.plugin_resolved_path, context.resolved,
            context.resolved_fqcn]

of_ansible = {name: told(filter_loader.get_with_context(name)) for name in templating.filters()}
templating.load_filters()
go_through, gone_through = pkgutil.iter_modules, []
pkgutil.iter_modules = lambda *arguments, **named: gone_through.append(arguments) or go_through(*arguments, **named)
ours = {name: told(filter_loader.get_with_context(name)) for name in of_ansible}
others = [filter_loader.get("combine").ansible_name, filter_loader.get("ovhcloud.vmware_encryption.no_such")]
print(json.dumps([of_ansible, ours, len(gone_through), others]))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> list[t.Any]:
    """What both ways tell, how often the files were gone through the second way, and two other names."""
    folder = tmp_path_factory.mktemp("templating")
    command, environment = [sys.executable, "-c", PROGRAM], harness.ansible_environment(folder)
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True)
    return t.cast("list[t.Any]", json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.oldest("both ways", "filters")
def test_filters_are_those_of_ansible(seen: list[t.Any]) -> None:
    of_ansible, ours, _often, _others = seen
    files = {path.stem for path in (harness.ROOT / "plugins/filter").glob("*.py")}
    assert files <= {name.rpartition(".")[2] for name in ours}
    assert ours == of_ansible


def test_only_unknown_names_read_the_files_again(seen: list[t.Any]) -> None:
    _of_ansible, _ours, often, others = seen
    assert others == ["ansible.builtin.combine", None]
    assert often == 1


def test_no_filter_is_routed() -> None:
    """A deprecation or a new name would be told by the look-up that this replaces."""
    routing: dict[str, t.Any] = yaml.safe_load((harness.ROOT / "meta/runtime.yml").read_text())
    assert "filter" not in routing.get("plugin_routing", {})
