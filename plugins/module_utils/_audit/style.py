# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The style of the page: screen, phone, dark, paper. Nothing is loaded from elsewhere."""

from __future__ import annotations

CSS = """
:root{color-scheme:light dark;--page:#f4f6f8;--card:#fff;--line:#dde3ea;--text:#17212d;--soft:#526071;
--accent:#0b5cad;
--encrypted:#0d7f58;--partly_encrypted:#b45f06;--vtpm_only:#6a4bc0;--clear:#bb2d3b;--unreadable:#66727f;
--track:#e7ebf0;
--critical:#b3202e;--critical-soft:#fdecee;--warning:#8a5300;--warning-soft:#fff4df;--notice:#33506e;
--notice-soft:#eaf1f8;
--good:#0b6b4a;--good-soft:#e6f5ee;--mark:rgba(255,255,255,.55)}
@media (prefers-color-scheme:dark){:root{--page:#0f141a;--card:#182029;--line:#2c3743;--text:#e8edf2;--soft:#a6b3c0;
--accent:#7cb8ff;
--encrypted:#35b886;--partly_encrypted:#e79a3c;--vtpm_only:#a58bf5;--clear:#f0717c;--unreadable:#8e9aa7;
--track:#2a343f;
--critical:#ff9aa2;--critical-soft:#3a1a1f;--warning:#f6c26b;--warning-soft:#35280f;--notice:#a9c8ea;
--notice-soft:#1a2a3b;
--good:#6fd9ad;--good-soft:#12301f;--mark:rgba(0,0,0,.5)}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:break-word}
bdi,.key{overflow-wrap:anywhere}
.apart{margin-top:1.6rem}
main,.top,footer{max-width:70rem;margin:0 auto;padding:0 1.25rem}
a{color:var(--accent)}
h1,h2,h3{line-height:1.2;margin:0;text-wrap:balance}
h1{font-size:clamp(1.75rem,4.5vw,2.6rem);letter-spacing:-.02em;font-weight:700}
h2{font-size:1.35rem;letter-spacing:-.01em;margin-bottom:.25rem}
h3{font-size:1rem}
p{margin:.35rem 0}
.soft,.lead{color:var(--soft)}
.lead{max-width:46rem;margin-bottom:1rem}
.small{font-size:.875rem}
.defs{position:absolute}
.fill rect{fill:currentColor}.fill path{stroke:var(--mark);stroke-width:2;fill:none}
.fill.encrypted{color:var(--encrypted)}.fill.partly_encrypted{color:var(--partly_encrypted)}
.fill.vtpm_only{color:var(--vtpm_only)}
.fill.clear{color:var(--clear)}.fill.unreadable{color:var(--unreadable)}
.top{padding-top:2.5rem;padding-bottom:1.5rem;display:grid;grid-template-columns:1fr auto;gap:2rem;align-items:center}
.eyebrow{font-size:.8rem;font-weight:600;letter-spacing:.08em;text-transform:uppercase;color:var(--accent);
margin:0 0 .5rem}
.facts{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1.25rem;padding:0;margin:.8rem 0 0;color:var(--soft);
font-size:.925rem}
.facts b{color:var(--text);font-weight:600}
.hero{display:flex;gap:1.5rem;align-items:center}
.chart{display:block}
.donut{width:11rem;height:11rem;flex:none}
.donut circle{fill:none;stroke-width:5.2}
.track{fill:var(--track)}.donut .track{stroke:var(--track)}
.middle{font-size:6.1px;font-weight:700;fill:var(--text);letter-spacing:-.02em}
.legend{list-style:none;margin:0;padding:0;font-size:.9rem}
.legend li{display:grid;grid-template-columns:auto 1fr auto;gap:.55rem;align-items:center;padding:.12rem 0}
.legend b{text-align:right}
.swatch{width:14px;height:14px;border-radius:3px;overflow:hidden}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.9rem;margin:0 0 1.25rem;
padding:0;list-style:none}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.1rem;display:flex;
flex-direction:column}
.tile .label{font-size:.85rem;color:var(--soft)}
.tile .value{white-space:nowrap;font-size:1.85rem;font-weight:700;letter-spacing:-.02em;line-height:1.25}
.tile .more{font-size:.85rem;color:var(--soft);margin-top:auto;padding-top:.15rem}
.tile.critical .value{color:var(--critical)}.tile.warning .value{color:var(--warning)}
.tile.good .value{color:var(--good)}
nav{font-size:.9rem;margin:0 0 1.5rem}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;list-style:none;padding:0;margin:0}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1.4rem 1.5rem;
margin:0 0 1.25rem}
section.plain{background:none;border:0;padding:0}
.findings{list-style:none;margin:.9rem 0 0;padding:0;display:grid;gap:.75rem;
grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr))}
.known{list-style:none;margin:.5rem 0 0;padding:0}
.known li{padding:.6rem 0;border-top:1px solid var(--line)}
.known p{margin:.1rem 0}
h2+h3,.findings+h3,.calm+h3,.columns+div>h3{margin-top:1.6rem}
.finding{border:1px solid var(--line);border-left:5px solid var(--notice);border-radius:10px;padding:.9rem 1.1rem;
background:var(--card)}
.finding.critical{border-left-color:var(--critical)}.finding.warning{border-left-color:var(--warning)}
.finding header{display:flex;flex-wrap:wrap;gap:.35rem .7rem;align-items:center;margin-bottom:.25rem}
.next{margin:.45rem 0 0;padding-left:1.4rem;position:relative}
.next::before{content:"\\2192";position:absolute;left:0;color:var(--accent);font-weight:700}
.names{color:var(--soft);font-size:.9rem}
.tag{display:inline-flex;align-items:center;gap:.35em;font-size:.8rem;font-weight:600;border-radius:999px;
padding:.1rem .65rem;white-space:nowrap;
background:var(--notice-soft);color:var(--notice)}
.tag.critical,.tag.fail,.tag.expired,.tag.missing,.tag.clear,.tag.red{background:var(--critical-soft);color:var(--critical)}
.tag.warning,.tag.partly_encrypted,.tag.vtpm_only,.tag.yellow,.tag.power_off,
.tag.blocked{background:var(--warning-soft);color:var(--warning)}
.tag.ok,.tag.pass,.tag.encrypted,.tag.green,.tag.good{background:var(--good-soft);color:var(--good)}
.calm{background:var(--good-soft);color:var(--good);border-radius:10px;padding:.9rem 1.1rem;font-weight:600;margin:0}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr));gap:1.75rem 2.5rem}
.rows{list-style:none;margin:.75rem 0 0;padding:0;display:grid;gap:.85rem}
.rows .head{display:grid;grid-template-columns:1fr auto;align-items:baseline;gap:0 1rem;font-size:.95rem;
margin-bottom:.25rem}
.rows .head b{font-weight:600}
.bar{border-radius:4px;overflow:hidden}
.expiry .left{opacity:.35}.left.ok,.dot.ok{fill:var(--encrypted)}
.left.warning,.dot.warning{fill:var(--partly_encrypted)}
.left.critical,.left.expired,.dot.critical,.dot.expired{fill:var(--clear)}
.limit{stroke:var(--soft);stroke-dasharray:2 2}
.expiry{overflow:visible}
.dot{stroke:var(--card);stroke-width:2}
.axis text{font-size:11px;fill:var(--soft)}
.trend{overflow:visible;margin:.5rem 0 .25rem}
.grid{stroke:var(--line)}.line{fill:none;stroke:var(--encrypted);stroke-width:2.5;stroke-linejoin:round}
.area{fill:var(--encrypted);opacity:.13}
.plot{display:grid;grid-template-columns:3.2rem 1fr;gap:0 .5rem;margin-top:1rem}
.plot .y{display:flex;flex-direction:column;justify-content:space-between;text-align:right;font-size:.75rem;
color:var(--soft);height:176px}
.plot .x{grid-column:2;display:flex;justify-content:space-between;font-size:.8rem;color:var(--soft)}
table{border-collapse:collapse;width:100%;font-size:.925rem;margin-top:.6rem}
.chips{list-style:none;display:flex;flex-wrap:wrap;gap:.4rem .6rem;padding:0;margin:.5rem 0}
.stack{display:flex;flex-wrap:wrap;gap:.3rem}
caption{text-align:left;color:var(--soft);font-size:.875rem;padding-bottom:.4rem}
th,td{text-align:left;vertical-align:top;padding:.5rem .75rem .5rem 0;border-bottom:1px solid var(--line)}
thead th{font-size:.8rem;color:var(--soft);font-weight:600;border-bottom-width:2px;white-space:nowrap}
tbody th{font-weight:600;min-width:8.5rem}tbody th .soft{font-weight:400}
tbody tr:last-child>*{border-bottom:0}
td.number,th.number{text-align:right;white-space:nowrap}
.key{font:.8rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
details{margin-top:.75rem}
summary{cursor:pointer;font-weight:600;padding:.3rem 0}
summary:focus-visible,a:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
dl{display:grid;grid-template-columns:minmax(9rem,auto) 1fr;gap:.4rem 1.25rem;margin:.75rem 0 0}
.blank{display:inline-block;width:14rem;max-width:60%;border-bottom:1px solid var(--soft)}
.sign{margin-top:1.6rem}
dt{font-weight:600}dd{margin:0;color:var(--soft)}
footer{color:var(--soft);font-size:.875rem;padding-bottom:3rem}
@media (max-width:46rem){
main,.top,footer{padding-left:1rem;padding-right:1rem}
.top{grid-template-columns:1fr;padding-top:1.5rem;gap:1.25rem}
.hero{gap:1rem}.donut{width:8rem;height:8rem}.legend{flex:1}
.tiles{grid-template-columns:1fr 1fr;gap:.6rem}.tile{padding:.75rem .85rem}.tile .value{font-size:1.5rem}
section{padding:1.1rem 1rem;border-radius:12px}
dl{grid-template-columns:1fr}dd{margin-bottom:.5rem}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,caption,tbody,tr,td,tbody th{display:block;width:auto}
tbody tr{padding:.65rem 0;border-bottom:1px solid var(--line)}
tbody tr:last-child{border-bottom:0}
tbody th,td,td.number{border:0;padding:.1rem 0;text-align:left;white-space:normal}
td{display:grid;grid-template-columns:7.5rem 1fr;gap:.75rem}
td::before{content:attr(data-label);color:var(--soft);font-size:.85rem}
td>*{justify-self:start}
}
@page{size:A4;margin:14mm 13mm}
@media print{
:root{color-scheme:light;--page:#fff;--card:#fff;--line:#c9d1da;--text:#111;--soft:#444;--accent:#0b4a8a;
--encrypted:#0d7f58;--partly_encrypted:#b45f06;
--vtpm_only:#6a4bc0;--clear:#bb2d3b;--unreadable:#66727f;--track:#e7ebf0;--critical:#b3202e;--critical-soft:#fdecee;
--warning:#8a5300;
--warning-soft:#fff4df;--notice:#33506e;--notice-soft:#eaf1f8;--good:#0b6b4a;--good-soft:#e6f5ee;
--mark:rgba(255,255,255,.55)}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
html{font-size:9pt}
main,.top,footer{max-width:none;padding-left:0;padding-right:0}
.top{padding-top:0}
nav,details{display:none}
section{border:0;border-top:1px solid var(--line);border-radius:0;padding:5mm 0 2mm;margin:0}
.tile,.finding,tr,.rows li,.plot{break-inside:avoid}
h2,h3,caption{break-after:avoid}
.tiles{grid-template-columns:repeat(3,1fr)}
thead{display:table-header-group}
}
"""
