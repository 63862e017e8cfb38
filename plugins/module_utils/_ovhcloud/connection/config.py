# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the API is and who we are: options and environment first, then the `ovh.conf` files of the official clients.

Each file is read by itself: one must not redirect secrets of another.
"""

from __future__ import annotations

import configparser
import dataclasses
import os
import typing as t
from urllib.parse import urlsplit

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import given
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.hosts import (
    check_host,
    check_port,
    check_sendable,
    quoted,
)

# name -> (base URL, token URL)
# as in python-ovh; its other endpoints (kimsufi, soyoustart) have no OKMS
ENDPOINTS = {
    "ovh-eu": ("https://eu.api.ovh.com/1.0", "https://www.ovh.com/auth/oauth2/token"),
    "ovh-ca": ("https://ca.api.ovh.com/1.0", "https://ca.ovh.com/auth/oauth2/token"),
    "ovh-us": ("https://api.us.ovhcloud.com/1.0", "https://us.ovhcloud.com/auth/oauth2/token"),
}
DEFAULT_ENDPOINT = "ovh-eu"
SECRETS = ("application_secret", "consumer_key", "client_secret", "access_token")
METHODS = {
    "application key": ("application_key", "application_secret", "consumer_key"),
    "service account": ("client_id", "client_secret"),
    "access token": ("access_token",),
}
# the playbooks of this collection say where the command was started; Ansible runs modules elsewhere
START = "OVHCLOUD_VMWARE_ENCRYPTION_START"
FILES = ("/etc/ovh.conf", "~/.ovh.conf", "ovh.conf")  # a later file wins


@dataclasses.dataclass(frozen=True)
class ApplicationKey:
    """Signature v1."""

    application_key: str
    application_secret: str = dataclasses.field(repr=False)
    consumer_key: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class ServiceAccount:
    """OAuth2 client credentials."""

    client_id: str
    client_secret: str = dataclasses.field(repr=False)
    token_url: str


@dataclasses.dataclass(frozen=True)
class AccessToken:
    """A ready bearer token, which we cannot renew."""

    access_token: str = dataclasses.field(repr=False)


ApiCredential = t.Union[ApplicationKey, ServiceAccount, AccessToken]


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything a client needs. `verify` is False or the path of a CA bundle or True; `timeout` in seconds."""

    base_url: str
    credentials: ApiCredential
    verify: bool | str = True
    timeout: float = 60.0
    unread: tuple[str, ...] = ()  # files that might have held something that the options do not give

    def secrets(self) -> list[str]:
        """Values that no text may show."""
        return [value for name in SECRETS if (value := getattr(self.credentials, name, None))]


class Stored(t.NamedTuple):
    """A value and the file that it comes from."""

    value: str
    file: str


class ConfFiles:
    """What the files hold; `unread` says of each file that is there and cannot be read why."""

    def __init__(self, names: t.Sequence[str] = FILES) -> None:
        self.unread: list[str] = []
        self._files: list[tuple[str, configparser.RawConfigParser]] = []
        for name in names:
            text = self._text(name)
            if text is not None:
                self._files.append((name, _parsed(name, text)))

    def find(self, section: str, name: str) -> Stored | None:
        """The value of the last file that has it, without the white space and quotes around it."""
        for file, parser in reversed(self._files):
            value = parser.get(section, name, fallback="").strip().strip("\"'").strip()
            if value:
                return Stored(check_sendable(name, value), file)
        return None

    def has(self, section: str) -> bool:
        """Whether one of the files has that section."""
        return any(parser.has_section(section) for _file, parser in self._files)

    def _text(self, name: str) -> str | None:
        path = os.path.join(os.environ.get(START, ""), os.path.expanduser(name))
        if not os.path.lexists(path):
            return None
        try:
            if not os.path.isfile(path) and os.access(path, os.R_OK):
                self.unread.append(f"{name} is not a file")
                return None
            with open(path, encoding="utf-8-sig") as file:  # some editors put a byte order mark at its beginning
                return file.read()
        except OSError as error:
            self.unread.append(f"{name} cannot be read ({error.strerror or type(error).__name__})")
        except UnicodeDecodeError:
            raise InvalidInputError(f"cannot read {name}: it is not a text in UTF-8") from None
        return None


def _parsed(name: str, text: str) -> configparser.RawConfigParser:
    # no interpolation, and only = divides: secrets may hold % and :
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        # the text of these errors quotes the line, which may hold a secret
        kind = type(error).__name__
        raise InvalidInputError(f"cannot read {name}: it is not a valid ini file ({kind})") from None
    return parser


def load(params: t.Mapping[str, t.Any], names: t.Sequence[str] = FILES) -> Settings:
    """Settings from the options (environment included) and the files. Raises InvalidInputError.

    `conf_section` among the options names the section of the files that holds this account; without it, it is the one
    that is named like the endpoint.
    """
    files = ConfFiles(names)
    section = _from_options(params, "conf_section")
    if section and not files.has(section):
        left_out = "".join(f"; {problem}" for problem in files.unread)
        raise InvalidInputError(f"conf_section: no section {quoted(section)} in {', '.join(names)}{left_out}")
    stored_endpoint = None if _from_options(params, "endpoint") else files.find(section or "default", "endpoint")
    usual = section if section in ENDPOINTS else DEFAULT_ENDPOINT
    endpoint = _from_options(params, "endpoint") or (stored_endpoint.value if stored_endpoint else usual)
    section = section or endpoint
    base_url, token_url = resolve_endpoint(endpoint)
    known = [name for group in METHODS.values() for name in group]
    options = {name: value for name in known if (value := _from_options(params, name))}
    stored = {name: found for name in known if (found := files.find(section, name))}
    chosen = _one_method(options, {name: value.value for name, value in stored.items()}, files.unread)
    sources = {stored[name].file if name not in options else "" for name in SECRETS if name in chosen}
    if stored_endpoint and base_url not in [base for base, _token_url in ENDPOINTS.values()]:
        _refuse_redirection("endpoint", stored_endpoint, sources)
    if "client_id" in chosen:
        chosen["token_url"] = _token_url(params, files.find(section, "token_url"), token_url, sources, endpoint)
    unread = () if options and _from_options(params, "endpoint") else tuple(files.unread)
    return Settings(base_url, _credentials(chosen), _verify(params), _timeout(params), unread)


def _token_url(
    params: t.Mapping[str, t.Any], stored: Stored | None, usual: str | None, sources: set[str], endpoint: str
) -> str:
    given_url = _from_options(params, "token_url")
    if not given_url and stored and stored.value != usual:
        _refuse_redirection("token_url", stored, sources)
    url = given_url or (stored.value if stored else usual)
    if not url:
        raise InvalidInputError(f"token_url is needed for a service account at the endpoint {endpoint}")
    return _check_url("token_url", url)


def _refuse_redirection(option: str, stored: Stored, sources: set[str]) -> None:
    """An address in a file gets only secrets of the same file: the file may be one that lies about anywhere."""
    if sources != {stored.file}:
        raise InvalidInputError(
            f"{option}: the address in {stored.file} is used only with credentials of the same file, and these come "
            f"from elsewhere. If it is right, give {option} as option or as OVH_{option.upper()}"
        )


def resolve_endpoint(endpoint: str) -> tuple[str, str | None]:
    """Base URL and token URL of a known name, or of a literal URL (which then may have no known token URL)."""
    if endpoint in ENDPOINTS:
        return ENDPOINTS[endpoint]
    if "/" not in endpoint:
        raise InvalidInputError(
            f"endpoint {quoted(endpoint)} is neither a URL nor one of {', '.join(sorted(ENDPOINTS))}"
        )
    url = _check_url("endpoint", endpoint).rstrip("/")
    if not urlsplit(url).path:
        url += "/1.0"
    known = {urlsplit(base).netloc: token_url for base, token_url in ENDPOINTS.values()}
    return url, known.get(urlsplit(url).netloc)


def _check_url(option: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        plain = (
            parts.scheme == "https" and parts.hostname and not (parts.query or parts.fragment or "@" in parts.netloc)
        )
        port = parts.port if parts.port is not None else 443
    except ValueError:
        plain = False
    if not plain:
        raise InvalidInputError(f"{option} {quoted(url)} is not a plain https:// URL")
    check_host(option, parts.hostname or "")
    check_port(option, port)
    return url


def _one_method(options: dict[str, str], stored: dict[str, str], unread: t.Sequence[str]) -> dict[str, str]:
    """The values of exactly one complete method; the files only complete or replace what the options lack."""
    left_out = "".join(f"; {problem}" for problem in unread)
    named = _methods(options) or _methods(stored)
    if len(named) > 1:
        # of one account, named for this host; what the environment holds is for the others
        named = _methods({name: value for name, value in options.items() if not _is_variable(name, value)}) or named
    if not named:
        raise InvalidInputError(
            "no OVHcloud credentials: give client_id and client_secret, or application_key, application_secret and "
            f"consumer_key, or access_token, as options, OVH_* variables or in ovh.conf{left_out}"
        )
    if len(named) > 1:
        raise InvalidInputError(
            f"OVHcloud credentials of more than one kind are given ({', '.join(named)}): leave exactly one"
        )
    names = METHODS[named[0]]
    merged = {**stored, **options}
    missing = [name for name in names if name not in merged]
    if missing:
        raise InvalidInputError(
            f"OVHcloud credentials ({named[0]}) are incomplete: {', '.join(missing)} not given{left_out}"
        )
    return {name: merged[name] for name in names}


def _is_variable(name: str, value: str) -> bool:
    """Whether the value came from the environment, or might have."""
    return value == os.environ.get(f"OVH_{name.upper()}", "").strip()


def _methods(values: t.Mapping[str, str]) -> list[str]:
    return [method for method, names in METHODS.items() if any(name in values for name in names)]


def _credentials(values: dict[str, str]) -> ApiCredential:
    if "application_key" in values:
        return ApplicationKey(**values)
    if "client_id" in values:
        return ServiceAccount(**values)
    return AccessToken(**values)


def _verify(params: t.Mapping[str, t.Any]) -> bool | str:
    if params.get("validate_certs") is False:
        return False
    ca_path: str | None = given(params.get("ca_path"))
    if ca_path is None:
        return True
    if not os.path.exists(ca_path):
        raise InvalidInputError(f"ca_path {ca_path} does not exist")
    return ca_path


def _timeout(params: t.Mapping[str, t.Any]) -> float:
    seconds = float(params.get("timeout") or 60)
    if seconds <= 0:
        raise InvalidInputError(f"timeout: {seconds:g} is not a positive number of seconds")
    return seconds


def _from_options(params: t.Mapping[str, t.Any], name: str) -> str | None:
    """An option or its variable, without the white space that copying and files leave at its ends."""
    value = str(params.get(name) or "").strip()
    return check_sendable(name, value) if value else None
