// The reference: the OpenAPI document of this gateway, readable, and with a form to try each call.
import { call, keyBox } from "./api.js";
import { $, $$, copyButton, fill, h, plural } from "./dom.js";
import { example, fields, limits, resolve, typeOf } from "./schema.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const SHOWN_MAX = 200_000;

keyBox($("#key-box"));
$("#filter").addEventListener("input", (event) => filter(event.target.value));
start();

async function start() {
  const answer = await call("GET", "/openapi.json");
  if (!answer.ok || !answer.data?.paths) {
    fill($("#about"), answer.problem?.title ?? "There is no document of the API.", " ", answer.problem?.detail ?? "");
    return;
  }
  const document = answer.data;
  fill($("#about"), document.info?.description ?? "");
  $("#intro").append(h("p", { class: "note" }, `Version ${document.info?.version ?? "unknown"} · `, h("a", { href: "/openapi.json" }, "openapi.json")));
  const groups = grouped(document);
  fill($("#index"), [...groups].map(([name, operations]) => [h("h2", {}, name), h("ul", {}, operations.map((it) => h("li", { "data-words": words(it) }, h("a", { href: `#${it.id}` }, verb(it.method), h("span", {}, it.summary)))))]));
  fill($("#operations"), [...groups].map(([name, operations]) => [h("h2", { class: "group" }, name), operations.map((it) => operation(document, it))]));
  if (location.hash) window.document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

function grouped(document) {
  const groups = new Map();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS.filter((it) => item[it])) {
      const told = item[method];
      const name = told.tags?.[0] ?? (path.startsWith("/api/") ? path.split("/").slice(1, 3).join(" ").replace("api ", "API ") : "Service");
      const parameters = [...(item.parameters ?? []), ...(told.parameters ?? [])].map((it) => resolve(document, it));
      const one = { ...told, method, path, parameters, id: told.operationId ?? `${method}${path}`, summary: told.summary ?? path };
      groups.set(name, [...(groups.get(name) ?? []), one]);
    }
  }
  return groups;
}

/** Words between backticks are code. */
const prose = (text) => text.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part));

const words = (it) => `${it.method} ${it.path} ${it.summary} ${it.id}`.toLowerCase();
const verb = (method) => h("span", { class: `verb verb-${method}` }, method.toUpperCase());

function filter(text) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  let left = 0;
  for (const item of $$("[data-words]")) {
    item.hidden = !wanted.every((it) => item.dataset.words.includes(it));
    if (!item.hidden && item.tagName === "LI") left += 1;
  }
  for (const heading of $$("#index h2")) heading.hidden = !$$("li", heading.nextElementSibling).some((it) => !it.hidden);
  for (const heading of $$("#operations .group")) {
    let next = heading.nextElementSibling;
    let any = false;
    for (; next && !next.classList.contains("group"); next = next.nextElementSibling) any ||= !next.hidden;
    heading.hidden = !any;
  }
  fill($("#matches"), wanted.length ? plural(left, "operation") : "");
}

function operation(document, it) {
  const body = resolve(document, it.requestBody);
  return h(
    "section",
    { class: "card operation", id: it.id, "data-words": words(it), "aria-labelledby": `${it.id}-name` },
    h("h3", { id: `${it.id}-name` }, verb(it.method), h("code", {}, it.path)),
    h("p", {}, h("strong", {}, it.summary), it.description ? [". ", prose(it.description)] : null),
    it.parameters.length ? [h("h4", {}, "Parameters"), parameters(document, it.parameters)] : null,
    Object.entries(body.content ?? {}).map(([type, media]) => fold(["Body ", h("code", {}, type)], () => fields(document, media.schema))),
    h("h4", {}, "Answers"),
    answers(document, Object.entries(it.responses ?? {})),
    tryIt(document, it, body),
  );
}

function parameters(document, given) {
  return h("ul", { class: "fields" }, given.map((it) => h(
    "li",
    {},
    h("div", { class: "field-head" }, h("code", {}, it.name), h("span", { class: "type" }, `in ${it.in}`), it.schema ? h("span", { class: "type" }, typeOf(document, it.schema), limits(resolve(document, it.schema))) : null, it.required ? h("span", { class: "must" }, "required") : null),
    it.description ? h("div", { class: "note" }, prose(it.description)) : null,
  )));
}

/** What is hoped for stands open, what may go wrong under one heading. */
function answers(document, given) {
  const told = given.map(([status, it]) => [status, resolve(document, it)]);
  const wrong = told.filter(([status]) => status >= "4");
  const rest = told.filter(([status]) => status < "4");
  return [
    rest.map(([status, it]) => response(document, status, it)),
    wrong.length ? fold(["Refusals ", h("span", { class: "note" }, wrong.map(([status]) => status).join(", "))], () => wrong.map(([status, it]) => response(document, status, it))) : null,
  ];
}

function response(document, status, told) {
  const media = Object.entries(told.content ?? {}).filter(([, it]) => it.schema);
  const head = [h("span", { class: `status status-${status[0]}` }, status), prose(told.description ?? "")];
  if (!media.length) return h("div", { class: "fold" }, head);
  return fold(head, () => media.map(([type, it]) => [h("p", { class: "note" }, h("code", {}, type)), fields(document, it.schema)]));
}

/** Built when it is opened: a document has more fields than anybody reads at once. */
function fold(head, build) {
  const element = h("details", { class: "fold" }, h("summary", {}, head));
  element.addEventListener("toggle", () => element.children.length > 1 || element.append(...[build()].flat(Infinity)));
  return element;
}

function tryIt(document, it, body) {
  const [type, media] = Object.entries(body.content ?? {})[0] ?? [];
  return fold(h("strong", {}, "Try it"), () => {
    const inputs = it.parameters.filter((one) => one.in !== "cookie").map((one) => ({ one, input: h("input", { id: `${it.id}-${one.name}`, autocomplete: "off", spellcheck: "false" }) }));
    const area = type ? h("textarea", { id: `${it.id}-body`, class: "mono", rows: 8, spellcheck: "false" }) : null;
    if (area) area.value = type.includes("json") ? JSON.stringify(example(document, media.schema), null, 2) : "";
    const out = h("div", { class: "answer", role: "status", "aria-live": "polite" });
    const send = h("button", { type: "submit", class: "first" }, "Send");
    const form = h(
      "form",
      { class: "try" },
      inputs.map(({ one, input }) => h("div", { class: "pair" }, h("label", { for: input.id }, one.name, one.required ? " (required)" : ""), input)),
      area ? h("div", {}, h("label", { for: area.id }, "Body"), area) : null,
      h("div", { class: "line" }, send),
      out,
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      send.setAttribute("aria-busy", "true");
      fill(out, answered(await attempt(it, inputs, area, type)));
      send.removeAttribute("aria-busy");
    });
    return form;
  });
}

async function attempt(it, inputs, area, type) {
  let path = it.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const { one, input } of inputs) {
    if (one.in === "path") path = path.replace(`{${one.name}}`, encodeURIComponent(input.value));
    else if (input.value && one.in === "query") query.append(one.name, input.value);
    else if (input.value && one.in === "header") headers[one.name] = input.value;
  }
  if (type) headers["content-type"] = type;
  const whole = query.size ? `${path}?${query}` : path;
  return call(it.method.toUpperCase(), whole, { headers, body: area ? area.value : undefined });
}

function answered(answer) {
  if (!answer.status) return h("p", { class: "note" }, `${answer.problem.title}. ${answer.problem.detail}`);
  const text = answer.data === undefined ? answer.text : JSON.stringify(answer.data, null, 2);
  const shown = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}\n… ${text.length - SHOWN_MAX} more characters` : text;
  return [
    h("div", { class: "card-head" }, h("p", {}, h("span", { class: `status status-${String(answer.status)[0]}` }, answer.status), h("span", { class: "note" }, `${answer.milliseconds.toFixed(1)} ms · ${answer.headers.get("content-type") ?? "no type"}`)), copyButton(() => text, "the answer")),
    shown ? h("pre", { class: "code", tabindex: 0, "aria-label": "Answer" }, shown) : h("p", { class: "note" }, "No content."),
  ];
}
