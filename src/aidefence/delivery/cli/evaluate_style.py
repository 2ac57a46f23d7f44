"""The style of the evaluation page: light and dark, readable on paper too."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #57606a;
  --rule: #d0d7de; --attack: #b3261e; --benign: #1f5fbf; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9da7b3; --rule: #3b434d;
    --attack: #ff8a80; --benign: #82b1ff; } }
body { background: var(--paper); color: var(--ink); margin: 0 auto; max-width: 78rem;
  padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; }
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
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--rule); padding: .2rem .5rem; text-align: right;
  vertical-align: top; white-space: nowrap; }
tbody th, thead th:first-child { text-align: left; }
small { color: var(--soft); }
li { margin-bottom: .4rem; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--rule);
  padding: .5rem; }
"""
