# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as text: escaped, self-contained, short enough. How it looks and behaves is tested in a browser."""

from __future__ import annotations

import html
import html.parser
import re
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import model
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.expiry import Thresholds
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.reports import dumped_report
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._audit_page import markup, words
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._audit_page.page import page
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet


class Outline(html.parser.HTMLParser):
    """Elements with their attributes, and whether every one is closed in its place."""

    VOID = ("meta", "link")

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.mistakes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID and not self.get_starttag_text().endswith("/>"):  # type: ignore[union-attr]
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.mistakes.append(tag)


def _outline(text: str) -> Outline:
    outline = Outline()
    outline.feed(text)
    outline.close()
    return outline


def _made(count: int, hostile: bool = False) -> dict[str, object]:
    facts = fleet.facts(count)
    facts["virtual_machines"] += fleet.hostile() if hostile else []
    return model.loaded(dumped_report(model.report(facts, Thresholds(), fleet.NOW)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<b>", "&lt;b&gt;"),
        ("\"'&", "&quot;&#x27;&amp;"),
        ("a\x00b\x1b\ud800", "a\ufffdb\ufffd\ufffd"),
        (3, "3"),
    ],
)
def test_texts_are_escaped(value: t.Any, expected: str) -> None:
    assert markup.escaped(value) == expected
    assert markup.tag("p", value, title=value) == f'<p title="{expected}">{expected}</p>'


def test_markup_is_kept_and_nothing_is_nothing() -> None:
    assert (
        markup.tag("p", markup.tag("b", "x"), None, ["&"], hidden=None, class_="c") == '<p class="c"><b>x</b>&amp;</p>'
    )


def test_the_page_is_well_formed_and_loads_nothing() -> None:
    text = page(_made(120, hostile=True))
    outline = _outline(text)
    assert outline.mistakes == []
    names = {name for name, _attributes in outline.elements}
    assert not names & {"script", "img", "iframe", "object", "embed", "audio", "video", "form", "base"}
    assert not [key for _name, attributes in outline.elements for key in attributes if key.startswith("on")]
    links = [
        value for _name, attributes in outline.elements for key, value in attributes.items() if key in ("href", "src")
    ]
    assert all(link and link.startswith(("#", "data:,")) for link in links)
    assert not re.search(r"url\((?!#)|@import|https?://", re.sub(r"<bdi>.*?</bdi>", "", text))


# keys of texts in a report that are not words of ours
FOREIGN = (
    "vcenter", "service_name", "key_managers", "name", "cluster", "reason", "next_step", "subject", "text", "affected",
    "path", "provider", "providers", "key_ids", "status", "system", "default_clusters", "reasons", "description",
    "user", "control_node", "job", "version", "build", "id", "collection_version", "observed", "used_by", "topic",
    "criterion", "clauses", "title", "check", "part", "made_from",
)  # fmt: skip


def _harm(key: str) -> str:
    return f"<i class='harm'>\"'&{key}</i>"


def _harmful(value: t.Any, key: str = "") -> t.Any:
    """The report with markup in each text that is not a word of ours."""
    if isinstance(value, dict):
        return {name: _harmful(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_harmful(one, key) for one in value]
    return _harm(key) if isinstance(value, str) and key in FOREIGN else value


def test_markup_in_any_text_of_the_report_stays_text() -> None:
    facts = fleet.facts(60)
    facts["private_cloud"]["key_managers"] = ["anna"]
    facts["storage_policies"].append({"name": "a", "encryption": True, "made_from": "b"})
    report = model.loaded(dumped_report(model.report(facts, Thresholds(), fleet.NOW)))
    report["key_providers"][0].update(reasons=["slow"], default_clusters=["dev"])
    report["findings"][0]["affected"] = ["erp-db-01"]
    text = page(_harmful({**report, "okms": {"text": "3 keys"}}))
    outline = _outline(text)
    assert outline.mistakes == []
    assert "i" not in {name for name, _attributes in outline.elements}
    assert "harm" not in {name for _name, attributes in outline.elements for name in attributes}
    seen = html.unescape(text)
    assert [key for key in FOREIGN if _harm(key) not in seen] == []


def test_headings_are_in_order_and_tables_have_heads() -> None:
    outline = _outline(page(_made(60)))
    levels = [int(name[1]) for name, _attributes in outline.elements if re.fullmatch(r"h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))
    assert all("scope" in attributes for name, attributes in outline.elements if name == "th")
    ids = [attributes["id"] for _name, attributes in outline.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_two_thousand_machines_stay_a_page_that_opens() -> None:
    text = page(_made(2000), most=500)
    assert len(text.encode()) < 700_000
    assert "The first 500 of 2,001 VMs are shown. All of them are in encryption-audit.csv." in text
    assert text.count('role="row"') < 1500


def test_an_empty_vcenter_has_a_page_too() -> None:
    facts = {"vcenter": "vc", "virtual_machines": [], "key_providers": []}
    text = page(model.loaded(dumped_report(model.report(facts, Thresholds(), fleet.NOW))))
    assert _outline(text).mistakes == []
    assert "There are no VMs to encrypt" in text


def test_combined_policy_says_what_it_was_made_from() -> None:
    facts = fleet.facts(3)
    facts["storage_policies"] += [
        {"name": "Gold - encrypted", "encryption": True, "bundled": False, "made_from": "Gold <1>", "used_by": {}},
        {"name": "Ours", "encryption": True, "bundled": False, "made_from": None, "used_by": {}},
    ]
    text = page(model.loaded(dumped_report(model.report(facts, Thresholds(), fleet.NOW))))
    assert "made from Gold &lt;1&gt;" in text and text.count("of your own") == 1


def test_all_is_well_is_said() -> None:
    facts = {
        "vcenter": "vc",
        "virtual_machines": [fleet.machine(0), fleet.machine(1)],
        "key_providers": [fleet.provider("okms-eu-west-rbx", "standard", default=True)],
    }
    text = page(model.loaded(dumped_report(model.report(facts, Thresholds(), fleet.NOW))))
    assert "All 2 VMs are encrypted" in text
    assert "Nothing needs attention." in text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536 * 1024**3, "1.5 TiB"), (1010 * 1024**3, "1010 GiB")],
)
def test_sizes(count: int, text: str) -> None:
    assert words.size(count).replace("\xa0", " ") == text
