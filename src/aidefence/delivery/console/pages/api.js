// The one way out of these pages: to the gateway that sent them.

let key = "";

/** Keep an API key until the page is left; it is stored nowhere. */
function useKey(given) {
  key = given.trim();
}

/** The key, for lines that people copy: only whether there is one. */
export const hasKey = () => key !== "";

/** Call the gateway. Never throws: what went wrong comes as a problem with title and detail. */
export async function call(method, path, { body, headers = {}, signal } = {}) {
  const sent = new Headers(headers);
  if (key && !sent.has("authorization")) sent.set("authorization", `Bearer ${key}`);
  if (body !== undefined && !sent.has("content-type")) sent.set("content-type", "application/json");
  const started = performance.now();
  let response;
  try {
    response = await fetch(path, { method, headers: sent, body, signal, cache: "no-store", credentials: "same-origin" });
  } catch (error) {
    if (signal?.aborted) return { aborted: true };
    return { ok: false, status: 0, problem: { title: "The gateway does not answer", detail: String(error.message ?? error), errors: [] } };
  }
  const milliseconds = performance.now() - started;
  let text = "";
  try {
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) return { aborted: true };
    return { ok: false, status: response.status, problem: { title: "The answer broke off", detail: String(error.message ?? error), errors: [] } };
  }
  const told = { ok: response.ok, status: response.status, headers: response.headers, text, milliseconds, data: parsed(text) };
  if (!response.ok) told.problem = problem(told);
  return told;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problem({ status, data, headers }) {
  const known = data && typeof data === "object" ? data : {};
  const wait = headers.get("retry-after");
  return {
    title: known.title ?? `The gateway answered ${status}`,
    detail: [known.detail, wait && `Try again in ${wait} s.`].filter(Boolean).join(" "),
    errors: Array.isArray(known.errors) ? known.errors : [],
  };
}

/** Tie the field of the head to the key; Enter closes its box. */
export function keyBox(box) {
  const form = box.querySelector("form");
  form.addEventListener("input", (event) => useKey(event.target.value));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    close();
  });
  const close = () => {
    box.open = false;
    box.querySelector("summary").focus();
  };
  box.addEventListener("keydown", (event) => event.key === "Escape" && close());
}
