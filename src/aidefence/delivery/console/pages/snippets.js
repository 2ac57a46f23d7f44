// Lines to paste elsewhere that do the same as the page just did.

// But for line ends, which JSON writes out by itself.
const UNSEEN = /[\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u007f-\u00a0\ufe00-\ufe0f]/gu;

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** Source text for a value in Python: what JSON writes, but for three words. */
function python(value, indent = "") {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return literal(value);
  if (typeof value === "number") return String(value);
  const deeper = `${indent}    `;
  const [open, close, items] = Array.isArray(value)
    ? ["[", "]", value.map((it) => python(it, deeper))]
    : ["{", "}", Object.entries(value).map(([name, it]) => `${literal(name)}: ${python(it, deeper)}`)];
  if (!items.length) return open + close;
  const short = `${open}${items.join(", ")}${close}`;
  if (short.length < 72 && !short.includes("\n")) return short;
  return `${open}\n${items.map((it) => `${deeper}${it},\n`).join("")}${indent}${close}`;
}

/** JSON escapes mean the same in Python, but for characters that JSON writes as two halves. */
function literal(text) {
  const halves = /[\ud800-\udbff][\udc00-\udfff]|[\u0080-\uffff]/g;
  return JSON.stringify(text).replace(halves, (it) => {
    if (it.search(UNSEEN) < 0) return it;
    const point = it.codePointAt(0).toString(16);
    return point.length > 4 ? `\\U${point.padStart(8, "0")}` : `\\u${point.padStart(4, "0")}`;
  });
}

/** JSON in which what nobody sees is written out: it must survive a terminal and a reader. */
const json = (value) => JSON.stringify(value, null, 2).replace(UNSEEN, (it) =>
  Array.from({ length: it.length }, (_, at) => `\\u${it.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""));

/** curl, the client and the library for one request of the page. */
export function snippets(request, { origin, withKey }) {
  const kind = ["text", "messages", "tools", "answer"].find((name) => request[name] !== undefined);
  return [
    { name: "curl", code: curl(kind, request, origin, withKey) },
    { name: "Python client", code: remote(kind, request, origin, withKey) },
    { name: "Python library", code: library(kind, request) },
  ];
}

function curl(kind, request, origin, withKey) {
  const [path, body] = asked(kind, request);
  const key = withKey ? ` \\\n  -H "Authorization: Bearer $AIDEFENCE_API_KEY"` : "";
  return `curl -sS ${origin}${path}${key} \\\n  -H 'Content-Type: application/json' \\\n  --data-binary ${quoted(json(body))}`;
}

/** The path of API v2 for a request of the page, and its body there. */
function asked(kind, request) {
  if (kind === "tools") return ["/api/v2/tools/scan", { tools: request.tools }];
  if (kind === "messages") return ["/api/v2/detect", { content: { messages: request.messages } }];
  if (kind === "text") {
    const from = request.origin && request.origin !== "user" ? { origin: request.origin } : {};
    return ["/api/v2/detect", { content: request.text, ...from }];
  }
  const { text, ...answers } = request.answer;
  const checks = ["refusal", "repetition", ...(answers.context?.length ? ["support"] : [])];
  return ["/api/v2/detect", { content: text, direction: "output", answers: { ...answers, checks } }];
}

function remote(kind, request, origin, withKey) {
  const head = withKey ? "import os\n\n" : "";
  const other = kind === "text" && (request.origin ?? "user") !== "user" ? "from aidefence import Origin\n" : "";
  const key = withKey ? `, api_key=os.environ["AIDEFENCE_API_KEY"]` : "";
  return `${head}${other}from aidefence.client import Client\n\nclient = Client("${origin}"${key})\n${ask("client", kind, request)}`;
}

function library(kind, request) {
  const origin = kind === "text" && (request.origin ?? "user") !== "user";
  return `from aidefence import Guard${origin ? ", Origin" : ""}\n\nguard = Guard()\n${ask("guard", kind, request)}`;
}

function ask(who, kind, request) {
  if (kind === "tools") {
    const given = `decision = ${who}.inspect_tools(${python(request.tools)})`;
    return `${given}\nprint(decision.action, [(it.rule_id, it.pointer) for it in decision.findings])`;
  }
  if (kind === "answer") {
    const { text, question, system, context = [], canaries = [] } = request.answer;
    const options = { question, system, context: context.length ? context : undefined, canaries: canaries.length ? canaries : undefined };
    const given = Object.entries(options)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => `    ${name}=${python(value, "    ")},\n`)
      .join("");
    const checks = `    refusal=True,\n    repetition=True,\n${context.length ? "    support=True,\n" : ""}`;
    return `report = ${who}.inspect_answer(\n    ${python(text, "    ")},\n${given}${checks})\nprint(report.action, report.decision.category, report.remarks)`;
  }
  const origin = kind === "text" && (request.origin ?? "user") !== "user" ? `, origin=Origin.${request.origin.toUpperCase()}` : "";
  const given = kind === "text" ? python(request.text) : python(request.messages);
  return `decision = ${who}.inspect(${given}${origin})\nprint(decision.action, decision.category, decision.confidence)`;
}
