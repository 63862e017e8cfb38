# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML page that needs nothing from elsewhere."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import evidence, overview, sections, svg
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.markup import Markup, escaped, tag
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.style import CSS

# nothing may run or be loaded, whatever a name of a VM says
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_END = (
    "Made by the role encryption_audit of the Ansible collection ovhcloud.vmware_encryption. "
    "The same numbers are in encryption-audit.json and encryption-audit.csv."
)
_LINKS = (
    ("attention", "Attention"),
    ("coverage", "Coverage"),
    ("expiry", "Certificates and backups"),
    ("exceptions", "Exceptions"),
    ("providers", "Key providers"),
    ("policies", "Policies"),
    ("hosts", "Hosts"),
    ("machines", "All VMs"),
    ("checks", "Checks"),
    ("evidence", "Evidence"),
    ("meanings", "Glossary"),
)


def _links(report: t.Mapping[str, t.Any]) -> list[tuple[str, str]]:
    """The parts of this page; reports of an older release have no checks."""
    return [one for one in _LINKS if one[0] != "checks" or report.get("checks")]


def page(report: t.Mapping[str, t.Any], most: int = 500, hashes: t.Optional[t.Mapping[str, str]] = None) -> str:
    """The whole page; lists of machines show at most that many rows. `hashes` are those of the other files by name."""
    title = f"Encryption audit of {report['vcenter']}: {overview.headline(report['totals'])}"
    links = tag(
        "nav",
        tag("ul", [tag("li", tag("a", text, href=f"#{name}")) for name, text in _links(report)]),
        aria_label="Parts",
    )
    main = tag(
        "main",
        overview.tiles(report),
        links,
        overview.attention(report),
        overview.coverage(report),
        sections.expiry(report),
        sections.exceptions(report, most),
        sections.providers(report),
        sections.policies(report),
        sections.hosts(report),
        sections.machines(report, most),
        evidence.checked(report),
        evidence.evidence(report, hashes or {}),
        sections.meanings(),
    )
    body = tag("body", svg.patterns(), overview.top(report), main, tag("footer", tag("p", _END)))
    head = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escaped(_POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        '<link rel="icon" href="data:,">',
        f"<title>{escaped(title)}</title>",
        f"<style>{CSS}</style>",
    ]
    return "\n".join(
        ["<!DOCTYPE html>", '<html lang="en">', f"<head>{''.join(head)}</head>", Markup(body), "</html>", ""]
    )
