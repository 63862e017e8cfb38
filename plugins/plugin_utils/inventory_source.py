# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both inventory plugins share: options, cache, filters, and hosts whose values are never taken for templates."""

from __future__ import annotations

import contextlib
import hashlib
import json
import pathlib
import typing as t

from ansible.errors import AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    suboptions,
    text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.characters import check_characters
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import scrub, shortened
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line

# options of Ansible's own fragments `constructed` and `inventory_cache`
_OF_ANSIBLE = (
    *("plugin", "strict", "compose", "groups", "keyed_groups", "use_extra_vars", "leading_separator"),
    *("cache", "cache_plugin", "cache_timeout", "cache_connection", "cache_prefix"),
)
_UNTRUE = ("", "false", "no", "0", "none")

Params = dict[str, t.Any]
Variables = dict[str, t.Any]


class _Read(t.TypedDict):
    hosts: list[Variables]
    warnings: list[str]


class Part(_Read, total=False):
    """What one account or vCenter gives: its hosts as plain facts, and what could not be read.

    `partly`: something failed that may work the next time, so the cache does not keep it.
    """

    partly: bool


Parts = dict[str, Part]


def filters() -> ArgSpec:
    """`filters`, documented in the fragment `_inventory`."""
    one = ArgSpec(
        include=text(),
        exclude=text(),
        rules={"mutually_exclusive": [["include", "exclude"]], "required_one_of": [["include", "exclude"]]},
    )
    return ArgSpec(filters=suboptions(one, many=True))


class InventorySource(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]
    """Base of both. `ending` of the names of files, `spec` of its own options, `secret` options that are never kept."""

    ending: str = ""
    spec: ArgSpec = ArgSpec()
    secret: t.Collection[str] = ()

    def verify_file(self, path: str) -> bool:
        """Whether the file is one for this plugin."""
        endings = tuple(f"{self.ending}{suffix}" for suffix in (".yml", ".yaml"))
        return bool(super().verify_file(path)) and path.endswith(endings)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Read the file, then the cache or the services, and add the hosts."""
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        self._secrets: set[str] = set()
        try:
            params = self._params(config)
            parts = self._parts(path, cache, params)
            for message in [message for part in parts.values() for message in part["warnings"]]:
                self.tell(message)
            hosts = [host for part in parts.values() for host in part["hosts"]]
            self._reserved = self._names_of_groups(self.group_names(params, hosts))
            self.add_hosts(params, hosts)
        except CollectionError as error:
            raise AnsibleParserError(shortened(scrub(error.message, self._secrets))) from None

    def tell(self, message: str) -> None:
        """Warn on one line."""
        self.display.warning(shortened(scrub(message, self._secrets)))

    def read(self, params: Params, known: Parts) -> Parts:
        """The parts, of which those that are known are taken over as they are. Raises CollectionError."""
        raise NotImplementedError

    def group_names(self, params: Params, hosts: t.Sequence[Variables]) -> set[str]:
        """Groups that the plugin makes by itself."""
        return set()

    def add_hosts(self, params: Params, hosts: t.Sequence[Variables]) -> None:
        """Call `add` for each host."""
        raise NotImplementedError

    def add(self, name: str, other: str, variables: Variables, groups: t.Iterable[str] = ()) -> None:
        """One host, unless the filters leave it out. It has the other name when the first one is that of a group.

        Names and values come from outside: none is ever a template.
        """
        # a host with the name of a group, such as all, would give its variables to that group
        taken = one_line(name) in {*self._reserved, *self.inventory.groups}
        shown, safe = wrap_var(one_line(other if taken else name)), wrap_var(variables)
        if not self._chosen(safe, str(shown)):
            return
        self.inventory.add_host(shown)
        for variable, value in safe.items():
            self.inventory.set_variable(shown, variable, value)
        for group in groups:
            self.inventory.add_child(self.inventory.add_group(self._sanitize_group_name(group)), shown)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), safe, shown, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), safe, shown, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), safe, shown, strict=strict)

    @contextlib.contextmanager
    def context(self, params: Params) -> t.Iterator[Context]:
        """What the clients of the modules want; they are closed at its end."""
        with contextlib.ExitStack() as stack:
            yield Context(params, stack)

    def _compose(self, template: t.Any, variables: t.Any, *arguments: t.Any, **named: t.Any) -> t.Any:
        """A value that an expression makes of foreign ones is foreign too."""
        return wrap_var(super()._compose(template, variables, *arguments, **named))

    def _sanitize_group_name(self, name: str) -> str:
        """The name without characters that groups cannot have; one that a host has is not that of a group."""
        safe = str(super()._sanitize_group_name(name))
        return f"{safe}_group" if safe in self.inventory.hosts and safe not in self._reserved else safe

    def _names_of_groups(self, own: set[str]) -> set[str]:
        composed = [str(name) for name in self.get_option("groups") or {}]
        safe = super()._sanitize_group_name
        return {"all", "ungrouped", *self.inventory.groups, *(str(safe(name)) for name in [*own, *composed])}

    def _chosen(self, variables: Variables, name: str) -> bool:
        """The first filter that is true decides; without any, the host is in."""
        for one in self.get_option("filters") or []:
            ((verb, expression),) = ((verb, value) for verb, value in one.items() if value is not None)
            if self._true(expression, variables, name):
                return bool(verb == "include")
        return True

    def _true(self, expression: t.Any, variables: Variables, name: str) -> bool:
        if isinstance(expression, bool):
            return expression
        try:
            value = self._compose(expression, variables)
        except Exception as error:
            if not self.get_option("strict"):
                return False
            why = one_line(str(error))
            raise InvalidInputError(f"filters: cannot judge {name} by {one_line(str(expression))}: {why}") from None
        return value.strip().lower() not in _UNTRUE if isinstance(value, str) else bool(value)

    def _params(self, config: t.Mapping[str, t.Any]) -> Params:
        """The options of the file, rendered and decrypted, judged like those of a module."""
        self.templar.available_variables = self._vars or {}
        own = {name: value for name, value in config.items() if name not in (*_OF_ANSIBLE, "filters")}
        rendered = {str(name): self._rendered(str(name), value) for name, value in own.items()}
        rendered["filters"] = _plain(config.get("filters"))
        self._secrets.update(_secrets_in(rendered, self.secret))
        spec = ArgSpec(self.spec, filters())
        validator = ArgumentSpecValidator(spec.options, **spec.rules)
        result = validator.validate({name: value for name, value in rendered.items() if value is not None})
        self._secrets.update(_secrets_in(result.validated_parameters, self.secret))  # those of variables
        if result.errors.errors:
            raise InvalidInputError("; ".join(_in_words(error) for error in result.errors.errors))
        check_characters(result.validated_parameters)
        return dict(result.validated_parameters)

    def _rendered(self, name: str, value: t.Any) -> t.Any:
        """Values may be templates, such as a look-up of a secret; what it says when it fails may hold one."""
        try:
            return _plain(self.templar.template(_plain_vault(value)))
        except Exception as error:
            raise InvalidInputError(f"{name}: cannot evaluate its template ({type(error).__name__})") from None

    def _parts(self, path: str, cache: bool, params: Params) -> Parts:
        if not self.get_option("cache"):
            return self._read(params, {})
        key, options = self.get_cache_key(path), self._fingerprint(params)
        stored: t.Any = self._stored(key) if cache else None
        fits = isinstance(stored, dict) and stored.get("options") == options and _is_sound(stored.get("parts"))
        known: Parts = stored["parts"] if fits else {}
        parts = self._read(params, known)
        kept = {name: part for name, part in parts.items() if not part.get("partly")}
        if kept != known or not fits:
            self._cache[key] = {"options": options, "parts": kept}
        return parts

    def _stored(self, key: str) -> t.Any:
        """What the cache holds; a broken one is read anew, and not the end of the play."""
        try:
            return self._cache[key]
        except KeyError:
            return None
        except Exception as error:
            self.tell(f"the cache cannot be used, and everything is read again: {one_line(str(error))}")
            return None

    def _read(self, params: Params, known: Parts) -> Parts:
        """What was read, in the plain types that an inventory takes: libraries have numbers of their own."""
        return t.cast(Parts, _plain(self.read(params, known)))

    def _fingerprint(self, params: Params) -> str:
        """Changes with all options that decide what is read, none of which is a secret, and with each release."""
        text = json.dumps(_without(params, {*self.secret, "filters"}), sort_keys=True, default=str)
        return hashlib.sha256(f"{text}{_release()}".encode()).hexdigest()


def _release() -> str:
    """What differs between releases of the collection, which can read other facts."""
    root = pathlib.Path(__file__).resolve().parents[2]
    for name in ("MANIFEST.json", "galaxy.yml"):
        with contextlib.suppress(OSError):
            return (root / name).read_text(encoding="utf-8")
    return ""


def _is_sound(parts: t.Any) -> bool:
    """Whether these are parts with hosts: somebody may have changed the file of a cache."""
    return isinstance(parts, dict) and all(
        isinstance(part, dict)
        and all(_are(part.get(name), kind) for name, kind in (("hosts", dict), ("warnings", str)))
        for part in parts.values()
    )


def _are(items: t.Any, kind: type) -> bool:
    return isinstance(items, list) and all(isinstance(item, kind) for item in items)


def _in_words(error: t.Any) -> str:
    """An error of the argument spec, of which one kind only lists names."""
    return f"unknown options: {error.msg}" if isinstance(error, UnsupportedError) else str(error.msg)


def _plain_vault(value: t.Any) -> t.Any:
    """The value with encrypted texts (of ansible-core before 2.19) decrypted, and the marks of templates kept."""
    if getattr(value, "__ENCRYPTED__", False):
        return str(value)
    if isinstance(value, t.Mapping):
        return {key: _plain_vault(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain_vault(item) for item in value]
    return value


def _plain(value: t.Any) -> t.Any:
    """The value without the types in which Ansible keeps marks of its own."""
    if value is None:
        return None
    for kind in (bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, t.Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(item) for item in value]
    return str(value)


def _without(value: t.Any, names: t.Collection[str]) -> t.Any:
    if isinstance(value, dict):
        return {name: _without(item, names) for name, item in value.items() if name not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


def _secrets_in(value: t.Any, names: t.Collection[str]) -> set[str]:
    if isinstance(value, dict):
        own = {str(item) for name, item in value.items() if name in names and item}
        return own.union(*(_secrets_in(item, names) for item in value.values()))
    return set().union(*(_secrets_in(item, names) for item in value)) if isinstance(value, list) else set()
