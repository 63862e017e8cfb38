# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in headless Chromium: no complaint, nothing loaded, the JSON's numbers, phone, dark, paper, readers."""

from __future__ import annotations

import hashlib
import pathlib
import re
import struct
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import cells
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import STATES
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.reports import dumped_report
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet
from ansible_collections.ovhcloud.vmware_encryption.tests.report.browser import Browser, Page
from ansible_collections.ovhcloud.vmware_encryption.tests.report.conftest import Report, written

# where the pictures of the last run are, to be looked at
PICTURES = pathlib.Path(__file__).resolve().parents[2] / ".cache" / "report"
WIDTHS = {"phone": 375, "tablet": 768, "desktop": 1280}
# ratio of contrast by WCAG 2.2, 1.4.3
LEAST_CONTRAST = 4.5


def number(page: Page, name: str) -> str:
    """A headline number, as it is shown."""
    return page.text(f"[data-number={name}]").replace("\xa0", " ")


def open_all(page: Page) -> None:
    """Unfold everything."""
    page.value("document.querySelectorAll('details').forEach(one => one.open = true)")


def picture(page: Page, name: str) -> tuple[int, int]:
    """Take a screenshot, and give its size."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(PICTURES / f"{name}.png")
    return struct.unpack(">II", (PICTURES / f"{name}.png").read_bytes()[16:24])


@pytest.mark.parametrize("name", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_complaint_nothing_loaded_and_no_sideways_scrolling(
    chromium: Browser, usual: tuple[Report, str], name: str, scheme: str
) -> None:
    page = chromium.open(usual[1], WIDTHS[name], dark=scheme == "dark")
    assert page.complaints == []
    assert page.requests == [usual[1]]
    size = picture(page, f"{name}-{scheme}")
    assert size[0] == WIDTHS[name]
    for unfold in (False, True):
        if unfold:
            open_all(page)
        assert page.value("document.scrollingElement.scrollWidth") <= WIDTHS[name]
        assert page.value(_OUTSIDE) == []
    assert page.complaints == []


# elements that stick out of the window; heads of tables are for screen readers only on a phone
_OUTSIDE = """[...document.body.querySelectorAll('*:not(svg *):not(.defs):not(thead, thead *)')].filter(one => {
  const box = one.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1);
}).map(one => one.outerHTML.slice(0, 80)).slice(0, 3)"""


def test_the_numbers_are_those_of_the_json(chromium: Browser, usual: tuple[Report, str]) -> None:
    report, address = usual
    page = chromium.open(address, 1280)
    totals, found = report["totals"], report["totals"]["findings"]
    assert number(page, "encrypted") == f"{totals['percent_encrypted']:g} %"
    assert number(page, "capacity") == f"{totals['percent_capacity_encrypted']:g} %"
    assert number(page, "exceptions") == str(totals["exceptions"])
    assert number(page, "attention") == str(found["critical"] + found["warning"])
    assert number(page, "providers") == str(len(report["key_providers"]))
    assert number(page, "expiry") == f"{min(one['days_left'] for one in report['certificates'] if one['used_by'])} days"
    for state in STATES:
        assert page.text(f"[data-count={state}]") == str(totals[state])
    shown = page.value("[...document.querySelectorAll('[data-topic]')].map(one => one.dataset.topic)")
    assert sorted(shown) == sorted(one["topic"] for one in report["findings"])
    assert page.value("document.querySelectorAll('#exceptions tbody tr').length") == totals["exceptions"]
    assert page.value("document.querySelectorAll('#machine-table tbody tr').length") == totals["virtual_machines"]
    assert page.value("document.querySelectorAll('.trend circle').length") == len(report["trend"]) == 13
    assert page.text("time") == "2026-03-02 06:15 UTC"


def test_an_auditor_finds_checks_origin_scope_keys_and_hashes(chromium: Browser, usual: tuple[Report, str]) -> None:
    report, address = usual
    page = chromium.open(address, 1280)
    shown = page.value("[...document.querySelectorAll('[data-check]')].map(one => one.dataset.check)")
    assert shown == [one["check"] for one in report["checks"]]
    evidence = page.text("#evidence")
    for word in (
        "auditor on awx-1.example.com, job 4711",
        "0.1.0",
        "8.0.3 build 24022515",
        "0f7c2d5e-3a55-4c86-9f0c-5d2a7c1b9e44",
    ):
        assert word in evidence
    assert "the credential lacks okms:apiovh:resource/get" in evidence
    text = dumped_report(report)
    files = {"encryption-audit.json": text, "encryption-audit.csv": cells.table(report)}
    for name, content in files.items():
        assert page.text(f"[data-sha256='{name}']") == hashlib.sha256(content.encode()).hexdigest()
    picture(page, "auditors")


def test_charts_are_drawn_to_the_numbers(chromium: Browser, usual: tuple[Report, str]) -> None:
    report, address = usual
    page = chromium.open(address, 1280)
    shares = page.value(
        "[...document.querySelectorAll('.donut .arc')].map(one => parseFloat(getComputedStyle(one).strokeDasharray))"
    )
    totals = report["totals"]
    wanted = [totals[state] for state in STATES]
    assert shares == pytest.approx(
        [100 * count / totals["virtual_machines"] - 0.6 for count in wanted if count], abs=0.3
    )
    drawn = page.value(_BAR)
    first = report["by_cluster"][0]
    assert drawn == pytest.approx(first["encrypted"] / first["virtual_machines"], abs=0.01)


_BAR = """(() => {
  const chart = document.querySelectorAll('#coverage .columns > div')[1].querySelector('svg.bar');
  const piece = chart.querySelectorAll('rect')[1].getBoundingClientRect();
  return piece.width / chart.getBoundingClientRect().width;
})()"""


def test_hostile_names_are_shown_and_do_nothing(chromium: Browser, usual: tuple[Report, str]) -> None:
    page = chromium.open(usual[1], 375)
    open_all(page)
    assert page.value("window.harm") is None
    assert page.value("document.querySelectorAll('script, img, iframe, [onerror], [onmouseover]').length") == 0
    names = set(page.value("[...document.querySelectorAll('#machine-table th bdi')].map(one => one.textContent)"))
    for name in fleet.HOSTILE:
        assert name.replace("\x00", "\ufffd").replace("\ud800", "\ufffd") in names


@pytest.mark.parametrize("dark", [False, True])
def test_texts_can_be_read(chromium: Browser, usual: tuple[Report, str], dark: bool) -> None:
    page = chromium.open(usual[1], 1280, dark=dark)
    open_all(page)
    poor = [found for found in page.value(_CONTRAST) if found[0] < LEAST_CONTRAST]
    assert poor == []


# every text against the nearest background that is not transparent
_CONTRAST = r"""(() => {
  const parse = text => text.match(/[\d.]+/g).map(Number);
  const light = text => {
    const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    const [r, g, b] = parse(text).slice(0, 3).map(v => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = one => {
    for (; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if ((parse(colour)[3] ?? 1) === 1) return colour;
    }
    return 'rgb(255,255,255)';
  };
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || one.closest('defs, title, desc')) continue;
    const style = getComputedStyle(one);
    const fore = one instanceof SVGElement ? style.fill : style.color;
    const pair = [light(fore), light(behind(one))].sort((a, b) => b - a);
    found.set(fore + behind(one), [(pair[0] + .05) / (pair[1] + .05), one.outerHTML.slice(0, 80)]);
  }
  return [...found.values()];
})()"""


def test_a_screen_reader_finds_headings_tables_and_charts(chromium: Browser, usual: tuple[Report, str]) -> None:
    for width in WIDTHS.values():
        page = chromium.open(usual[1], width)
        nodes = page.call("Accessibility.getFullAXTree")["nodes"]
        told: dict[str, list[str]] = {}
        for node in nodes:
            if not node.get("ignored"):
                told.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
        assert told["heading"][:2] == ["190 of 248 VMs are encrypted", "What needs attention"]
        assert len(told["table"]) >= 4
        assert len(told["columnheader"]) >= 15
        assert len(told["rowheader"]) >= 50
        assert all(told["image"]), "a chart without a name"
        assert {"banner", "main", "navigation", "contentinfo"} <= set(told)


def test_it_prints_on_a4_without_what_is_only_for_the_screen(chromium: Browser, usual: tuple[Report, str]) -> None:
    page = chromium.open(usual[1], 1280, dark=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    file = PICTURES / "print.pdf"
    page.pdf(file)
    pages = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", file.read_bytes())
    assert 3 <= len(pages) <= 16
    width, height = map(float, pages[0])
    assert (width, height) == pytest.approx((595, 842), abs=1.5)
    page.call("Emulation.setEmulatedMedia", media="print")
    hidden = "[...document.querySelectorAll('nav, details')].every(one => getComputedStyle(one).display === 'none')"
    assert page.value(hidden) is True
    assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_five_thousand_machines_open_at_once(chromium: Browser, tmp_path: pathlib.Path) -> None:
    report, address = written(tmp_path, fleet.facts(5000))
    page = chromium.open(address, 375)
    open_all(page)
    assert page.complaints == []
    assert page.value("document.querySelectorAll('#machine-table tbody tr').length") == 500
    assert "The first 500 of 5,001 VMs are shown" in page.text("#machines")
    assert page.value("document.scrollingElement.scrollWidth") <= 375
    assert page.text("h1") == f"{report['totals']['encrypted']:,} of 5,001 VMs are encrypted"


@pytest.mark.parametrize("state", ["empty", "done"])
def test_a_vcenter_without_machines_and_one_without_exceptions(
    chromium: Browser, tmp_path: pathlib.Path, state: str
) -> None:
    machines: list[t.Any] = [] if state == "empty" else [fleet.machine(number) for number in range(40)]
    providers = [] if state == "empty" else [{**one, "status": "green"} for one in fleet.providers()[1:2]]
    providers += [fleet.provider("okms-eu-west-rbx", "standard", default=True)] if machines else []
    facts = {"vcenter": "vc.example.com", "virtual_machines": machines, "key_providers": providers}
    _report, address = written(tmp_path, facts)
    page = chromium.open(address, 1280)
    assert page.complaints == []
    picture(page, state)
    if machines:
        assert page.text("h1") == "All 40 VMs are encrypted"
        assert "Nothing needs attention." in page.text("#attention")
    else:
        assert page.text("h1") == "There are no VMs to encrypt"
        assert page.value("document.querySelectorAll('#machines details').length") == 0
