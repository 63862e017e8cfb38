# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter backup_places: which hosts keep copies of a backup, and how each is reached by its own variables."""

from __future__ import annotations

import posixpath
import typing as t

from ansible import constants, context
from ansible.errors import AnsibleError, AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Undefined

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: backup_places
short_description: Check where copies of a backup are kept, and how to reach each host
version_added: 0.1.0
description:
  - Finds how Ansible reaches the host of each copy, from the inventory alone. The play's connection, user, Python
    interpreter and privileges are for the play's own host.
  - Refuses hosts that are not in the inventory, and paths that are not absolute.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: The copies, each with C(host), C(path), and perhaps C(owner) and C(group).
    type: list
    elements: dict
    required: true
  hostvars:
    description: The variables of all hosts, the magic variable C(hostvars).
    type: dict
    required: true
  known:
    description: Names of the hosts of the inventory.
    type: list
    elements: str
    required: true
  of:
    description: Name of the host of the play.
    type: str
    default: ""
  port:
    description: The variable C(ansible_port) as the play sees it, null if it has none.
    type: int
  option:
    description: How the user calls the copies, for messages.
    type: str
    default: native_key_provider_backup_copies
"""

EXAMPLES = r"""
- name: Show how to reach the copies' hosts
  ansible.builtin.debug:
    msg: "{{ native_key_provider_backup_copies | ovhcloud.vmware_encryption.backup_places(hostvars, groups['all']) }}"
"""

RETURN = r"""
_value:
  description: The places in the order of the copies.
  type: list
  elements: dict
  contains:
    host:
      description: Name of the host in the inventory.
      type: str
    path:
      description: Absolute path of the copy on that host.
      type: str
    label:
      description: Host and path, for people. It says if that is on the control node.
      type: str
    owner:
      description: Owner of the copy, empty if none is asked for.
      type: str
    group:
      description: Group of the copy, empty if none is asked for.
      type: str
    outside:
      description: Whether the connection is not V(local). A copy on the control node is lost together with it.
      type: bool
    own:
      description:
        - How to reach the host, as C(connection), C(address), C(port), C(user), C(python), C(become),
          C(become_method) and C(become_user). The port is null if the inventory has none.
      type: dict
    refused:
      description: Why a copy cannot be made there, and the next step. Empty if all is well.
      type: str
"""

TAKES = "a list of copies and the variables of all hosts"
Facts = t.Mapping[str, t.Any]


class RefusedPlaceError(Exception):
    """Why a place cannot be used."""


def backup_places(
    copies: t.Sequence[Facts] | None,
    hostvars: Facts,
    known: t.Sequence[str],
    of: str = "",
    port: int | str | None = None,
    option: str = "native_key_provider_backup_copies",
) -> list[dict[str, t.Any]]:
    """A place for each copy."""
    if isinstance(copies, (str, bytes, t.Mapping)) and copies:
        raise AnsibleFilterError(f"{option}: give a list of copies, each with host and path")
    return [_place(copy, _Inventory(hostvars, known, of, port), option) for copy in copies or []]


class _Inventory:
    """What the inventory says of its hosts; nothing that a play adds."""

    def __init__(self, hostvars: Facts, known: t.Sequence[str], of: str, port: int | str | None) -> None:
        self._hostvars = hostvars
        self._known = known
        self._play = self._value(of, "ansible_port") if of in known else None, port

    def has(self, host: str) -> bool:
        """True for the implicit localhost too."""
        return host in self._known or host in constants.LOCALHOST

    def _value(self, host: str, *names: str) -> t.Any:
        """The first of these variables that is set."""
        for name in names:
            try:
                value = self._hostvars[host].get(name)
            except (AnsibleError, UndefinedError):
                value = Undefined(name=name)
            # before ansible-core 2.19, what cannot be resolved stays a template
            if isinstance(value, Undefined) or (isinstance(value, str) and "{{" in value):
                raise RefusedPlaceError(
                    f"{name} of {host} is made of variables that only the play has; let the inventory define these"
                )
            if value is not None:
                return value
        return None

    def own(self, host: str) -> dict[str, t.Any]:
        """How this host is reached. The last name that a connection plugin reads wins, so it stands first here."""
        connection = str(self._value(host, "ansible_connection") or constants.DEFAULT_TRANSPORT)
        become = self._value(host, "ansible_become")
        return {
            "connection": "ssh" if connection == "smart" else connection,
            "address": self._value(host, "ansible_ssh_host", "ansible_host") or host,
            "port": self._port(host),
            "user": self._value(host, "ansible_ssh_user", "ansible_user") or _default_user(),
            "python": self._value(host, "ansible_python_interpreter")
            or constants.config.get_config_value("INTERPRETER_PYTHON"),
            "become": boolean(constants.DEFAULT_BECOME if become is None else become, strict=False),
            "become_method": self._value(host, "ansible_become_method") or constants.DEFAULT_BECOME_METHOD,
            "become_user": self._value(host, "ansible_become_user") or constants.DEFAULT_BECOME_USER or "root",
        }

    def _port(self, host: str) -> int | str | None:
        """Its own. One that the play has set for all hosts cannot be taken back from a host that has none."""
        usual, seen = self._play
        own: int | str | None = self._value(host, "ansible_ssh_port", "ansible_port")
        if own is None and seen is not None and str(seen) != str(usual):
            raise RefusedPlaceError(
                f"the play sets ansible_port to {seen}, which would lead to {host} too; give {host} an ansible_port "
                "of its own in the inventory"
            )
        return own


def _default_user() -> str:
    """That of `--user` or of the settings of Ansible; empty leaves it to the connection."""
    return str(context.CLIARGS.get("remote_user") or constants.DEFAULT_REMOTE_USER or "")


def _place(copy: Facts, inventory: _Inventory, option: str) -> dict[str, t.Any]:
    given = copy if isinstance(copy, t.Mapping) else {}
    host, path = str(given.get("host") or "").strip(), str(given.get("path") or "").strip()
    place: dict[str, t.Any] = {
        "host": host,
        "path": posixpath.normpath(path) if path else path,
        "label": "",
        "owner": str(given.get("owner") or ""),
        "group": str(given.get("group") or ""),
        "outside": False,
        "own": {},
        "refused": "",
    }
    try:
        _check(host, path, inventory)
        place["own"] = inventory.own(host)
        # the name of a connection may be that of its collection too
        place["outside"] = place["own"]["connection"].rpartition(".")[2] != "local"
        place["label"] = f"{host}:{place['path']}" + ("" if place["outside"] else " (on the control node)")
    except RefusedPlaceError as why:
        place["refused"] = f"{option}: {why}"
    return place


def _check(host: str, path: str, inventory: _Inventory) -> None:
    if not host or not path:
        raise RefusedPlaceError("each copy needs a host and a path")
    if not inventory.has(host):
        raise RefusedPlaceError(
            f"{host} is not a host of the inventory. Add it there with what Ansible needs to reach it, for example the "
            f"line '{host} ansible_user=backup' in a file hosts.ini, and run with -i hosts.ini"
        )
    if not path.startswith("/") or path.endswith("/") or not path.isprintable():
        raise RefusedPlaceError(f"{path!r} on {host} is not the absolute path of a file")


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"backup_places": shaped(backup_places, AnsibleFilterError, TAKES)}
