# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML page: the templates beside this file, filled in. Jinja escapes what is not HTML of ours."""

from __future__ import annotations

import functools
import pathlib
import typing as t

import jinja2
from markupsafe import Markup

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.texts import clean
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._audit_page import svg, view, words

TEMPLATES = pathlib.Path(__file__).parent / "templates"


def page(report: t.Mapping[str, t.Any], most: int = 500, hashes: t.Optional[t.Mapping[str, str]] = None) -> str:
    """The whole page; lists of VMs show at most that many rows. `hashes` are those of the other files by name."""
    return _filled("page.html.j2", report=report, most=most, hashes=hashes or {})


def exit_page(report: t.Mapping[str, t.Any], most: int, hashes: t.Mapping[str, str], signer: str) -> str:
    """The page that proves that nothing encrypted is left, to be signed off; `signer` is empty when not known."""
    return _filled("exit.html.j2", report=report, most=most, hashes=hashes, signer=signer)


def _filled(template: str, **values: t.Any) -> str:
    try:
        text = _environment().get_template(template).render(**values)
    except jinja2.TemplateRuntimeError as error:  # a report that lacks what the page shows
        raise LookupError(str(error)) from error
    return clean(text)


@functools.cache
def _environment() -> jinja2.Environment:
    """Jinja, strict: every value is escaped, None is nothing, a name that does not exist is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(TEMPLATES)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: "" if value is None else value,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    css = Markup((TEMPLATES / "audit.css").read_text(encoding="utf-8"))
    environment.globals.update({"css": css, "plural": plural, "svg": svg, "view": view, "words": words})
    return environment
