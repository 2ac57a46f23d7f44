// What came back, in the order in which people ask: what, why, where, how sure, how fast, how again.
import { $$, copyButton, count, duration, fill, h, percent, plural } from "./dom.js";
import { marked, readable } from "./marks.js";
import { snippets } from "./snippets.js";

const DONE = { allow: "Allowed", flag: "Flagged", redact: "Redacted", review: "Held for review", block: "Blocked" };
const SIGN = { allow: "✓", flag: "!", redact: "▮", review: "?", block: "✕" };
const ORIGIN = { system: "System", user: "User", assistant: "Assistant", tool: "Tool result", retrieval: "Document", memory: "Memory" };
const TIER = [
  "Tier 0 · decoding",
  "Tier 1 · rules and n-grams",
  "Tier 2 · dense model",
  "Tier 3 · deep model",
];
const STEP = { engine: "Engine", tier3: "Deep model" };
const FINDINGS_MAX = 50;
const QUOTED_MAX = 160;

/** One sentence that tells the outcome; spoken by screen readers when it arrives. */
export function summary(result) {
  const found = result.findings.length ? `, ${plural(result.findings.length, "finding")}` : "";
  const sure = result.confidence !== null && result.verdict === "attack" ? `, ${percent(result.confidence)} sure` : "";
  return `${DONE[result.action]}: ${result.title.toLowerCase()}${sure}${found}.`;
}

/** Build everything under the banner, too. */
export function render(result, request, where) {
  const findings = result.findings.slice(0, FINDINGS_MAX).map((it, at) => ({ ...it, id: `f${at}` }));
  return [
    banner(result),
    result.degraded.length ? degraded(result.degraded) : null,
    texts(result, findings),
    findings.length ? evidence(result, findings) : null,
    result.remarks.length ? remarks(result.remarks, result.contents[0]) : null,
    result.tools.length ? tools(result.tools) : null,
    result.profiles.length ? profiles(result) : null,
    how(result),
    code(snippets(request, where)),
  ];
}

function banner(result) {
  const sure = result.confidence === null ? null : h("div", { class: "figure" }, h("dt", {}, "Attack likelihood"), h("dd", {}, percent(result.confidence)));
  const attack = result.verdict === "attack";
  return h(
    "section",
    { class: `card banner act-${result.action}`, "aria-labelledby": "outcome" },
    h("span", { class: "badge", "aria-hidden": "true" }, SIGN[result.action]),
    h(
      "div",
      { class: "told" },
      h("h2", { id: "outcome", tabindex: -1 }, DONE[result.action], h("span", { class: "what" }, result.title)),
      result.reasons.length ? h("p", {}, sentence(result.reasons[0])) : null,
      result.enforced ? null : h("p", { class: "note" }, "Not enforced: this gateway only observes at the moment."),
    ),
    h(
      "dl",
      { class: "figures" },
      sure,
      attack ? h("div", { class: "figure" }, h("dt", {}, "Severity"), h("dd", {}, result.severity)) : null,
      h("div", { class: "figure" }, h("dt", {}, "Took"), h("dd", {}, duration(result.detectionTime * 1000))),
    ),
  );
}

function degraded(missed) {
  return h(
    "section",
    { class: "card warn", "aria-labelledby": "missed" },
    h("h3", { id: "missed" }, plural(missed.length, "check"), " did not run, or not to the end"),
    h("ul", {}, missed.map((it) => h("li", {}, h("code", {}, it.check), " ", it.reason))),
  );
}

function texts(result, findings) {
  if (!result.contents.length) return null;
  const shown = result.contents.map((content, at) => {
    const here = findings.filter((it) => it.content === at);
    const spans = here.filter((it) => it.span).map((it) => ({ id: it.id, ...it.span, severity: it.severity, label: `${it.title}: ${it.explanation}` }));
    const label = result.kind === "tools" ? content.name : [ORIGIN[content.origin], content.name].filter(Boolean).join(" · ");
    return h(
      "div",
      { class: "content" },
      h("div", { class: "content-head" }, h("span", { class: "origin" }, label), here.length ? h("span", { class: "tally" }, plural(here.length, "finding")) : null),
      content.text ? marked(content.text, spans) : h("p", { class: "note" }, "Empty."),
      content.unveiled === null ? null : h("details", { class: "unveiled", open: true }, h("summary", {}, "Under the disguise"), h("div", { class: "marked plain", dir: "auto" }, content.unveiled)),
    );
  });
  return h("section", { class: "card", "aria-labelledby": "inspected" }, h("h3", { id: "inspected" }, result.kind === "tools" ? "Where" : "What was inspected"), shown);
}

function evidence(result, findings) {
  const items = findings.map((it) => {
    const text = Array.from(result.contents[it.content]?.text ?? "");
    const quote = it.span ? text.slice(it.span.start, it.span.end) : [];
    const place = it.span ? `characters ${count(it.span.start)}–${count(it.span.end)}` : "";
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: `finding sev-${it.severity}`, "data-finding": it.id, onclick: (event) => reveal(event.currentTarget) },
        h("span", { class: "finding-head" }, h("span", { class: "sev" }, it.severity), h("strong", {}, it.title), h("span", { class: "score" }, it.score.toFixed(3))),
        h("span", { class: "why" }, sentence(it.explanation)),
        it.chain.length ? h("span", { class: "chain" }, "Hidden by ", it.chain.map((step, at) => [at ? " → " : "", h("code", {}, step)])) : null,
        it.mention ? h("span", { class: "chain" }, "Quoted rather than meant") : null,
        quote.length ? quoted(quote) : null,
        h("span", { class: "ids" }, h("code", {}, it.ruleId), it.entity ? h("code", {}, it.entity) : null, it.taxonomy.map((id) => h("span", { class: "id" }, id))),
        h("span", { class: "visually-hidden" }, place),
      ),
    );
  });
  const more = result.findings.length - findings.length;
  const list = h("ol", { class: "findings" }, items);
  for (const kind of ["mouseover", "focusin"]) list.addEventListener(kind, (event) => light(event.target.closest("[data-finding]")?.dataset.finding));
  for (const kind of ["mouseleave", "focusout"]) list.addEventListener(kind, () => light());
  return h(
    "section",
    { class: "card", "aria-labelledby": "evidence" },
    h("h3", { id: "evidence" }, "Findings", h("span", { class: "tally" }, count(result.findings.length))),
    list,
    more > 0 ? h("p", { class: "note" }, `${plural(more, "weaker finding")} not shown.`) : null,
  );
}

function light(id) {
  for (const mark of $$("mark[data-findings]")) mark.classList.toggle("lit", id !== undefined && mark.dataset.findings.split(" ").includes(id));
}

function reveal(button) {
  const id = button.dataset.finding;
  const mark = $$("mark[data-findings]").find((it) => it.dataset.findings.split(" ").includes(id));
  light(id);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  mark?.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
}

function remarks(noticed, content) {
  const text = Array.from(content?.text ?? "");
  return h(
    "section",
    { class: "card", "aria-labelledby": "remarks" },
    h("h3", { id: "remarks" }, "Remarks on the answer"),
    h("ul", { class: "plain-list" }, noticed.map((it) => h("li", {}, h("strong", {}, it.check), " ", sentence(it.explanation), quoted(text.slice(it.span.start, it.span.end))))),
  );
}

function tools(reports) {
  return h(
    "section",
    { class: "card", "aria-labelledby": "tools" },
    h("h3", { id: "tools" }, "Tools"),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-labelledby": "tools" }, h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ["Tool", "What it can do", "SHA-256"].map((it) => h("th", { scope: "col" }, it)))),
      h("tbody", {}, reports.map((it) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, it.server ? `${it.server}/${it.name}` : it.name)), h("td", {}, it.capabilities.length ? it.capabilities.join(", ") : "nothing that stands out"), h("td", {}, h("code", { title: it.sha256 }, it.sha256.slice(0, 12), "…"))))),
    )),
  );
}

function profiles(result) {
  return h(
    "section",
    { class: "card", "aria-labelledby": "profiles" },
    h("h3", { id: "profiles" }, "Under each profile"),
    h("ul", { class: "profiles" }, result.profiles.map((it) => h(
      "li",
      { class: `profile act-${it.action}${it.inForce ? " in-force" : ""}` },
      h("span", { class: "name" }, it.profile, it.inForce ? h("span", { class: "pill" }, "in force") : null),
      h("span", { class: "outcome" }, h("span", { "aria-hidden": "true" }, SIGN[it.action]), DONE[it.action], it.enforced ? null : h("span", { class: "note" }, " not enforced")),
      it.flag === null ? h("span", { class: "note" }, "No threshold reached") : scale(it),
    ))),
  );
}

function scale(it) {
  const limits = [`flag from ${it.flag.toFixed(3)}`, it.block === null ? "never blocks" : `block from ${it.block.toFixed(3)}`].join(", ");
  const at = (value) => `${(Math.min(1, Math.max(0, value)) * 100).toFixed(2)}%`;
  return h(
    "span",
    { class: "scale" },
    h("span", { class: "track", "aria-hidden": "true", "--from-flag": at(it.flag), "--from-block": at(it.block ?? 1), "--value": at(it.confidence ?? 0) }, h("span", { class: "zone flag" }), it.block === null ? null : h("span", { class: "zone block" }), h("span", { class: "needle" })),
    h("span", { class: "note" }, `${it.category.replaceAll("_", " ")} ${it.confidence === null ? "" : it.confidence.toFixed(3)} · ${limits}`),
  );
}

function how(result) {
  const ran = TIER.map((name, tier) => [name, result.tiers.includes(tier)]);
  return h(
    "section",
    { class: "card", "aria-labelledby": "how" },
    h("h3", { id: "how" }, "How it was decided"),
    result.tiers.length ? h("ul", { class: "tiers" }, ran.map(([name, did]) => h("li", { class: did ? "ran" : "skipped" }, name, h("span", { class: "note" }, did ? " ran" : " did not run")))) : null,
    h(
      "dl",
      { class: "facts" },
      result.timings.map((it) => [h("dt", {}, STEP[it.step] ?? it.step), h("dd", {}, duration(it.microseconds))]),
      h("dt", {}, "Request"),
      h("dd", {}, h("code", {}, result.requestId)),
      h("dt", {}, "Policy"),
      h("dd", {}, h("code", {}, result.policyVersion)),
    ),
  );
}

function code(variants) {
  const show = h("pre", { class: "code", tabindex: 0, "aria-label": "Code" }, h("code", {}));
  let chosen = variants[0];
  const choice = h("div", { class: "choice", role: "radiogroup", "aria-label": "Language" }, variants.map((it, at) => h(
    "label",
    {},
    h("input", { type: "radio", name: "snippet", value: it.name, checked: at === 0, onchange: () => { chosen = it; tell(); } }),
    h("span", {}, it.name),
  )));
  const tell = () => fill(show.firstChild, chosen.code);
  tell();
  return h("section", { class: "card", "aria-labelledby": "again" }, h("div", { class: "card-head" }, h("h3", { id: "again" }, "The same from your code"), copyButton(() => chosen.code, "the code")), choice, show);
}

const quoted = (characters) => h("span", { class: "quote", dir: "auto" }, "“", readable(characters.slice(0, QUOTED_MAX)), characters.length > QUOTED_MAX ? "…”" : "”");
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
