# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter backup_places: where copies of a backup are kept, and how each host is reached by its own variables."""

from __future__ import annotations

import posixpath
import re
import typing as t

from ansible import constants, context
from ansible.errors import AnsibleError, AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Undefined

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.secrets import checked_path

DOCUMENTATION = r"""
name: backup_places
short_description: Check where copies of a backup are kept, and how to reach each host
version_added: 0.1.0
description:
  - A place is a host of the inventory, a secret of an OKMS domain, or a secret of a HashiCorp Vault.
  - Finds how Ansible reaches the host of each copy, from the inventory alone. The play's connection, user, Python
    interpreter and privileges are for the play's own host.
  - Refuses hosts that are not in the inventory, paths on hosts that are not absolute, and paths of secrets that no
    server accepts.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description:
      - The copies, each with C(path) and one of C(host), C(okms_secret) (id of the OKMS domain) and C(vault) (address).
      - A host can have C(owner) and C(group), a Vault C(mount) and C(namespace), and both kinds of secrets
        C(max_versions).
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
    description: Name of the option that holds the copies, for messages.
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
    kind:
      description: V(host), V(okms_secret) or V(vault).
      type: str
    host:
      description: Name of the host in the inventory, id of the OKMS domain, or address of the Vault.
      type: str
    path:
      description: Absolute path of the copy on that host, or path of the secret.
      type: str
    label:
      description: Where the copy is, for people. It says if that is on the control node.
      type: str
    mount:
      description: Path of the engine of the Vault, empty if none is given.
      type: str
    namespace:
      description: Namespace of the Vault, empty if none is given.
      type: str
    max_versions:
      description: How many versions the secret keeps, 0 if nothing is given.
      type: int
    owner:
      description: Owner of the copy, empty if none is asked for.
      type: str
    group:
      description: Group of the copy, empty if none is asked for.
      type: str
    outside:
      description:
        - Whether the copy leaves the control node. A copy on a host with the connection V(local) is lost together with
          the control node.
      type: bool
    own:
      description:
        - How to reach the host, as C(connection), C(address), C(port), C(user), C(python), C(become),
          C(become_method) and C(become_user). The port is null if the inventory has none. Empty for a secret.
      type: dict
    refused:
      description: Why a copy cannot be made there, and the next step. Empty if all is well.
      type: str
"""

TAKES = "a list of copies and the variables of all hosts"
HOST = "host"
OKMS = "okms_secret"
VAULT = "vault"
KINDS = (HOST, OKMS, VAULT)
Facts = t.Mapping[str, t.Any]
_ONLY = {HOST: ("owner", "group"), VAULT: ("mount", "namespace")}
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


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
    places: list[dict[str, t.Any]] = []
    for copy in copies or []:
        place = _place(copy, _Inventory(hostvars, known, of, port), option)
        if not place["refused"] and place["label"] in [one["label"] for one in places]:
            place["refused"] = f"{option}: {place['label']} is given twice"
        places.append(place)
    return places


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
    kinds = [kind for kind in KINDS if str(given.get(kind) or "").strip()]
    kind = kinds[0] if kinds else HOST
    path = str(given.get("path") or "").strip()
    place: dict[str, t.Any] = {
        "kind": kind,
        "host": str(given.get(kind) or "").strip(),
        "path": path,
        "label": "",
        "outside": False,
        "own": {},
        "refused": "",
        **{name: str(given.get(name) or "").strip() for names in _ONLY.values() for name in names},
        "max_versions": given.get("max_versions") or 0,
    }
    try:
        if len(kinds) > 1:
            raise RefusedPlaceError(f"{' and '.join(kinds)} are given for {path or 'one place'}, where one is meant")
        _check_fit(place, kind)
        if kind == HOST:
            _complete_host(place, inventory)
        else:
            _complete_secret(place)
    except (RefusedPlaceError, InvalidInputError) as why:
        place["refused"] = f"{option}: {why}"
    return place


def _check_fit(place: dict[str, t.Any], kind: str) -> None:
    """Refuse what only another kind of place has."""
    for other, names in _ONLY.items():
        odd = [name for name in names if place[name]]
        if kind != other and odd:
            raise RefusedPlaceError(f"{odd[0]} is for a place with {other}, but {place['path']} has {kind}")
    if kind == HOST and place["max_versions"]:
        raise RefusedPlaceError(f"max_versions is for secrets, but {place['path']} is on the host {place['host']}")


def _complete_host(place: dict[str, t.Any], inventory: _Inventory) -> None:
    host, path = place["host"], place["path"]
    _check(host, path, inventory)
    place["path"] = posixpath.normpath(path)
    place["own"] = inventory.own(host)
    # the name of a connection may be that of its collection too
    place["outside"] = place["own"]["connection"].rpartition(".")[2] != "local"
    place["label"] = f"{host}:{place['path']}" + ("" if place["outside"] else " (on the control node)")


def _complete_secret(place: dict[str, t.Any]) -> None:
    where = place["host"]
    checked_path(place["path"])
    if place["kind"] == OKMS and not _UUID.fullmatch(where):
        raise RefusedPlaceError(f"okms_secret: {where!r} is not the id of an OKMS domain; okms_info lists them")
    if place["kind"] == VAULT and not (where.startswith("https://") and where.isprintable() and "@" not in where):
        raise RefusedPlaceError("vault: give the address of the Vault, such as https://vault.example.com:8200")
    place["outside"] = True
    if place["kind"] == OKMS:
        place["label"] = f"secret {place['path']} of OKMS {where}"
    else:
        engine = "/".join(part for part in (place["namespace"], place["mount"] or "secret") if part)
        place["label"] = f"secret {place['path']} of {where} ({engine})"


def _check(host: str, path: str, inventory: _Inventory) -> None:
    if not host or not path:
        raise RefusedPlaceError("each copy needs a path, and a host, an okms_secret or a vault")
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
