"""The style of the evaluation page: light and dark, readable on paper too."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #57606a;
  --rule: #d0d7de; --attack: #b3261e; --benign: #1f5fbf; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9da7b3; --rule: #3b434d;
    --attack: #ff8a80; --benign: #82b1ff; } }
* { box-sizing: border-box; }
body { background: var(--paper); color: var(--ink); margin: 0 auto; max-width: 92rem;
  padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h2 { margin: 2rem 0 .5rem; font-size: 1.3rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 34rem) { dl { display: block; } dd { margin: 0 0 .4rem 1rem; } }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; padding: 0; }
nav li { margin: 0; } a { color: var(--benign); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr));
  gap: 1.5rem; align-items: start; }
figcaption { font-weight: bold; } summary { cursor: pointer; color: var(--soft); }
figure { margin: 0; }
svg { width: 100%; height: auto; } svg text { fill: var(--ink); font-size: 12px; }
.grid { stroke: var(--rule); stroke-width: 1; }
.interval { stroke: var(--ink); stroke-width: 1.5; }
polyline { fill: none; stroke-width: 2; }
polyline.attack { stroke: var(--attack); }
polyline.chance { stroke: var(--soft); stroke-dasharray: 5 4; }
polyline.limit { stroke: var(--ink); stroke-dasharray: 2 3; }
.dot, .attack-box { fill: var(--attack); } .benign-box { fill: var(--benign); }
.attack-box, .benign-box { fill-opacity: .7; }
.wide { overflow-x: auto; margin-bottom: 1rem; }
:focus-visible { outline: 2px solid var(--benign); outline-offset: 2px; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--rule); padding: .2rem .45rem; text-align: right;
  vertical-align: top; white-space: nowrap; }
thead th { white-space: normal; vertical-align: bottom; }
tbody th, thead th:first-child { text-align: left; background: var(--paper); position: sticky;
  left: 0; }
td small { display: block; }
small { color: var(--soft); }
li { margin-bottom: .4rem; overflow-wrap: anywhere; } li li { margin: 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--rule);
  padding: .5rem; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 9pt; } nav, details { display: none; }
  .wide { overflow: visible; } table { font-size: 6.5pt; } th, td { padding: .1rem .25rem; }
  figure, tr, li { break-inside: avoid; } h2 { break-after: avoid; }
  .plots { grid-template-columns: 1fr 1fr; }
  .attack-box, .benign-box { print-color-adjust: exact; } }
"""
