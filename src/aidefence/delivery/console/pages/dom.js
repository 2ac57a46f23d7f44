// The only way in which these pages make elements. Strings become text, never markup.

/** Make an element: h("p", { class: "note" }, "text", child, [more children], null). */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key.startsWith("--")) element.style.setProperty(key, value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Replace all that stands in an element. */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
}

export const $ = (selector, within = document) => within.querySelector(selector);
export const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

/** A number as people of the reader's language write it. */
export const count = (number) => new Intl.NumberFormat().format(number);

/** "1 finding", "2 findings". */
export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

/** 0.9731 as "97.3 %". */
export const percent = (share) => `${(share * 100).toFixed(1)} %`;

/** Microseconds in the unit that reads best. */
export function duration(microseconds) {
  if (microseconds < 1000) return `${microseconds.toFixed(microseconds < 10 ? 1 : 0)} µs`;
  if (microseconds < 1e6) return `${(microseconds / 1000).toFixed(microseconds < 1e4 ? 2 : 1)} ms`;
  return `${(microseconds / 1e6).toFixed(2)} s`;
}

/** A button that puts what `read` gives onto the clipboard, and says so. */
export function copyButton(read, what) {
  const word = h("span", {}, "Copy");
  const button = h("button", { type: "button", class: "quiet", "aria-label": `Copy ${what}` }, word);
  const said = h("span", { class: "visually-hidden", role: "status" });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(read());
      word.textContent = "Copied";
    } catch {
      word.textContent = "Not allowed";
    }
    said.textContent = word.textContent;
    setTimeout(() => {
      word.textContent = "Copy";
      said.textContent = "";
    }, 2000);
  });
  return h("span", { class: "copy" }, button, said);
}
