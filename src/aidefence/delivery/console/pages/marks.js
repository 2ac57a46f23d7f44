// A text with its findings marked, overlaps and all, and with what nobody sees made visible.
import { count, h } from "./dom.js";
import { invisible } from "./unicode.js";

const RANK = { low: 1, medium: 2, high: 3, critical: 4 };
const WHOLE_MAX = 12_000;
const AROUND = 240;
const SIGNS_MAX = 4_000;

/** Show one text; `found` are { id, start, end, severity, label } in code points. */
export function marked(text, found) {
  // Positions are code points; strings of this language are not.
  const points = Array.from(text);
  const spans = found
    .map((it) => ({ ...it, start: Math.min(it.start, points.length), end: Math.min(it.end, points.length) }))
    .filter((it) => it.start < it.end);
  const budget = { signs: SIGNS_MAX };
  const shown = [];
  let last = 0;
  for (const [start, end] of windows(points.length, spans)) {
    if (start > last) shown.push(gap(start - last));
    shown.push(...pieces(points, spans, start, end, budget));
    last = end;
  }
  if (last < points.length) shown.push(gap(points.length - last));
  return h("div", { class: "marked", dir: "auto", tabindex: 0, role: "group", "aria-label": "The text, with findings marked" }, shown);
}

function gap(length) {
  return h("span", { class: "gap" }, `… ${count(length)} characters not shown …`);
}

/** A short text whole; of a long one what stands around the findings, or its beginning. */
function windows(length, spans) {
  if (length <= WHOLE_MAX) return [[0, length]];
  if (!spans.length) return [[0, WHOLE_MAX]];
  const around = spans
    .flatMap((it) => (it.end - it.start > WHOLE_MAX ? [[it.start, it.start + AROUND], [it.end - AROUND, it.end]] : [[it.start, it.end]]))
    .map(([start, end]) => [Math.max(0, start - AROUND), Math.min(length, end + AROUND)])
    .sort((one, other) => one[0] - other[0]);
  const joined = [around[0]];
  for (const [start, end] of around.slice(1)) {
    const before = joined.at(-1);
    if (start <= before[1]) before[1] = Math.max(before[1], end);
    else joined.push([start, end]);
  }
  return joined.slice(0, 40);
}

function pieces(points, spans, start, end, budget) {
  const here = spans.filter((it) => it.start < end && it.end > start);
  const cuts = new Set([start, end]);
  for (const it of here) {
    cuts.add(Math.max(start, it.start));
    cuts.add(Math.min(end, it.end));
  }
  const edges = [...cuts].sort((one, other) => one - other);
  return edges.slice(0, -1).map((from, at) => {
    const to = edges[at + 1];
    const over = here.filter((it) => it.start <= from && it.end >= to);
    const inside = readable(points.slice(from, to), budget);
    if (!over.length) return inside;
    const worst = over.reduce((one, other) => (RANK[other.severity] > RANK[one.severity] ? other : one));
    return h(
      "mark",
      {
        class: `sev-${worst.severity}${over.length > 1 ? " overlap" : ""}`,
        "data-findings": over.map((it) => it.id).join(" "),
        title: over.map((it) => it.label).join("\n"),
        "--depth": Math.min(over.length, 4),
      },
      inside,
    );
  });
}

/** A stretch of text in which what nobody sees is made visible. */
export function readable(characters, budget = { signs: SIGNS_MAX }) {
  const parts = [];
  let plain = "";
  for (const character of characters) {
    const hidden = budget.signs > 0 ? invisible(character) : null;
    if (!hidden) {
      plain += character;
      continue;
    }
    budget.signs -= 1;
    if (plain) parts.push(plain);
    plain = "";
    parts.push(h("span", { class: hidden.smuggled ? "sign smuggled" : "sign", title: hidden.name }, hidden.sign, h("span", { class: "visually-hidden" }, ` ${hidden.name} `)));
  }
  if (plain) parts.push(plain);
  return parts;
}
