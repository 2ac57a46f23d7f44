// The playground: what is pasted goes to this gateway and nowhere else.
import { call, hasKey, keyBox } from "./api.js";
import { $, $$, fill, h } from "./dom.js";
import { render, summary } from "./result.js";
import { SAMPLES } from "./samples.js";
import { makeTabs } from "./tabs.js";

const form = $("#ask");
const results = $("#results");
const status = $("#status");
const submit = $("#inspect");
const rows = $("#messages");
let kind = "text";
let asking = null;

const choose = makeTabs($("#kinds"), (name) => {
  kind = name;
});

$("#samples").append(...SAMPLES.map((sample) => h("button", { type: "button", class: "chip", onclick: () => load(sample) }, sample.name)));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  inspect();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    inspect();
  }
});
$("#add-message").addEventListener("click", () => addRow({ role: "user", content: "" }).querySelector("textarea").focus());
keyBox($("#key-box"));
for (const area of $$("textarea.grows")) area.addEventListener("input", () => grow(area));
addRow({ role: "user", content: "" });
ready();

function load(sample) {
  choose(sample.kind);
  if (sample.kind === "text") {
    $("#text").value = sample.text;
    $("#origin").value = "user";
  }
  if (sample.kind === "chat") {
    fill(rows);
    sample.messages.forEach(addRow);
  }
  if (sample.kind === "tools") $("#tools").value = JSON.stringify(sample.tools, null, 2);
  if (sample.kind === "answer") {
    for (const name of ["text", "question", "system", "context"]) $(`#answer-${name}`).value = sample.answer[name];
    $("#answer-canaries").value = "";
  }
  for (const area of $$("textarea.grows")) grow(area);
  inspect();
}

function addRow(message) {
  const at = rows.children.length + 1;
  const extra = Object.fromEntries(Object.entries(message).filter(([name]) => name !== "role" && name !== "content"));
  const role = h("select", { "aria-label": `Role of message ${at}` }, ["system", "user", "assistant", "tool"].map((it) => h("option", { value: it, selected: it === message.role }, it)));
  const area = h("textarea", { class: "grows", rows: 2, "aria-label": `Message ${at}`, spellcheck: "false", dir: "auto" });
  area.value = typeof message.content === "string" ? message.content : JSON.stringify(message.content, null, 2);
  const row = h("li", { class: "message" }, h("div", { class: "message-head" }, role, h("button", {
    type: "button",
    class: "quiet",
    "aria-label": `Remove message ${at}`,
    onclick: () => {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      (next?.querySelector("textarea") ?? $("#add-message")).focus();
    },
  }, "Remove")), area);
  row.extra = extra;
  row.isText = typeof message.content === "string";
  area.addEventListener("input", () => grow(area));
  // Whoever has a chat as JSON pastes it whole.
  area.addEventListener("paste", (event) => {
    const pasted = chat(event.clipboardData?.getData("text/plain") ?? "");
    if (!pasted) return;
    event.preventDefault();
    fill(rows);
    pasted.forEach(addRow);
    tell(`${pasted.length} messages were read from the JSON that you pasted.`);
  });
  rows.append(row);
  grow(area);
  return row;
}

function chat(text) {
  try {
    const data = JSON.parse(text);
    const messages = Array.isArray(data) ? data : data?.messages;
    const readable = Array.isArray(messages) && messages.length > 0 && messages.every((it) => it && typeof it === "object" && "role" in it);
    return readable ? messages.map((it) => ({ content: "", ...it })) : null;
  } catch {
    return null;
  }
}

function request() {
  if (kind === "text") return { text: $("#text").value, origin: $("#origin").value };
  if (kind === "chat") return { messages: $$("li", rows).map(message) };
  if (kind === "tools") return { tools: json($("#tools").value) };
  const lines = (id) => $(id).value.split("\n").map((it) => it.trim()).filter(Boolean);
  const optional = (id) => $(id).value || undefined;
  const context = $("#answer-context").value.trim();
  return { answer: { text: $("#answer-text").value, question: optional("#answer-question"), system: optional("#answer-system"), context: context ? [context] : [], canaries: lines("#answer-canaries") } };
}

function message(row) {
  const given = $("textarea", row).value;
  const role = $("select", row).value;
  const content = row.isText ? given : json(given);
  // A result belongs to a call; one that was typed in has none of its own.
  return { role, content, ...(role === "tool" ? { tool_call_id: "call_1" } : {}), ...row.extra };
}

function json(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`This is not JSON: ${error.message}`);
  }
}

async function inspect() {
  let asked;
  try {
    asked = request();
  } catch (error) {
    return refuse({ title: "That cannot be sent", detail: error.message, errors: [] });
  }
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  submit.setAttribute("aria-busy", "true");
  results.setAttribute("aria-busy", "true");
  const answer = await call("POST", "/console/inspect", { body: JSON.stringify(asked), signal });
  if (answer.aborted) return undefined;
  submit.removeAttribute("aria-busy");
  results.removeAttribute("aria-busy");
  if (!answer.ok) return refuse(answer.problem, answer.status);
  fill(results, render(answer.data, asked, { origin: location.origin, withKey: hasKey() }));
  tell(summary(answer.data));
  if (matchMedia("(max-width: 60rem)").matches) $("#outcome").scrollIntoView({ block: "start" });
  return undefined;
}

function refuse(problem, code = 0) {
  fill(results, h(
    "section",
    { class: "card problem", "aria-labelledby": "problem" },
    h("h2", { id: "problem" }, problem.title),
    problem.detail ? h("p", {}, problem.detail) : null,
    problem.errors.length ? h("ul", {}, problem.errors.map((it) => h("li", {}, h("code", {}, it.pointer || "/"), " ", it.detail))) : null,
    code === 401 ? h("p", {}, "This gateway asks for an API key. It is kept until you leave this page, and stored nowhere.") : null,
  ));
  tell(`${problem.title}. ${problem.detail ?? ""}`);
  if (code === 401) {
    $("#key-box").open = true;
    $("#key").focus();
  }
}

function tell(sentence) {
  fill(status, sentence);
}

async function ready() {
  const light = $("#ready");
  const answer = await call("GET", "/readyz");
  const up = answer.ok && answer.data?.status === "ready";
  light.dataset.state = up ? "up" : "down";
  fill($("[data-word]", light), up ? "Ready" : "Not ready");
  const missed = answer.data?.degraded ?? [];
  light.title = up ? [answer.data.policyVersion, ...missed.map((it) => `${it.check}: ${it.reason}`)].join("\n") : (answer.problem?.detail ?? "");
}

function grow(area) {
  area.style.setProperty("height", "auto");
  area.style.setProperty("height", `${Math.min(area.scrollHeight + 2, 520)}px`);
}
