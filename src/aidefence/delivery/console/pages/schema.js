// JSON schemas of the document, told as a list of fields, and turned into a first example.
import { h } from "./dom.js";

const DEPTH_MAX = 6;

/** Follow references within the document; a loop ends where it would begin again. */
export function resolve(document, schema, seen = new Set()) {
  const reference = schema?.$ref;
  if (!reference?.startsWith("#/") || seen.has(reference)) return schema ?? {};
  const steps = reference.slice(2).split("/").map((it) => it.replaceAll("~1", "/").replaceAll("~0", "~"));
  const found = steps.reduce((value, step) => (value && Object.hasOwn(value, step) ? value[step] : undefined), document);
  return resolve(document, found, new Set([...seen, reference]));
}

/** Tell the fields of a schema; deeper ones open on demand. */
export function fields(document, schema, depth = 0) {
  const whole = resolve(document, schema);
  const inner = children(document, whole);
  if (!inner.length) return h("ul", { class: "fields" }, h("li", {}, h("span", { class: "type" }, typeOf(document, whole), limits(whole)), described(whole)));
  return h("ul", { class: "fields" }, inner.map(({ name, part, required }) => field(document, name, part, required, depth)));
}

function field(document, name, part, required, depth) {
  const whole = resolve(document, part);
  const head = h(
    "div",
    { class: "field-head" },
    h("code", {}, name),
    h("span", { class: "type" }, typeOf(document, part), limits(whole)),
    required ? h("span", { class: "must" }, "required") : null,
  );
  const item = h("li", {}, head, described(whole));
  if (depth < DEPTH_MAX && children(document, whole).length) {
    const fold = h("details", {}, h("summary", { class: "note" }, "fields"));
    fold.addEventListener("toggle", () => fold.children.length > 1 || fold.append(fields(document, whole, depth + 1)));
    item.append(fold);
  }
  return item;
}

const described = (schema) => (schema.description ? h("div", { class: "note" }, schema.description.replace(/\s+/g, " ")) : null);

function children(document, schema) {
  if (schema.properties) {
    const must = new Set(schema.required ?? []);
    return Object.entries(schema.properties).map(([name, part]) => ({ name, part, required: must.has(name) }));
  }
  if (schema.items && typeof schema.items === "object") {
    return children(document, resolve(document, schema.items)).map((it) => ({ ...it, name: `[].${it.name}` }));
  }
  const options = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
  return options.flatMap((it) => children(document, resolve(document, it)));
}

export function typeOf(document, schema) {
  if (!schema) return "anything";
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.enum) return schema.enum.map((it) => JSON.stringify(it)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return options.map((it) => typeOf(document, it)).join(" | ");
  if (schema.type === "array" && schema.items) return `array of ${typeOf(document, schema.items)}`;
  if (Array.isArray(schema.type)) return schema.type.join(" | ");
  return schema.type ?? "anything";
}

export function limits(schema) {
  const told = [
    [schema.minimum, "from"],
    [schema.maximum, "to"],
    [schema.exclusiveMinimum, "above"],
    [schema.minLength, "at least", "characters"],
    [schema.maxLength, "at most", "characters"],
    [schema.minItems, "at least", "items"],
    [schema.maxItems, "at most", "items"],
    [schema.pattern, "like"],
    [schema.default === undefined ? undefined : JSON.stringify(schema.default), "default"],
  ];
  const parts = told.filter(([value]) => value !== undefined).map(([value, before, after = ""]) => `${before} ${value} ${after}`.trim());
  return parts.length ? ` · ${parts.join(", ")}` : "";
}

/** A first example to change: required fields, and those that say what they could be. */
export function example(document, schema, depth = 0) {
  const whole = resolve(document, schema);
  if (whole.examples?.length) return whole.examples[0];
  if (whole.example !== undefined) return whole.example;
  if (whole.default !== undefined && depth > 0) return whole.default;
  if (whole.enum) return whole.enum[0];
  const option = (whole.anyOf ?? whole.oneOf ?? whole.allOf)?.[0];
  if (option) return example(document, option, depth);
  const type = Array.isArray(whole.type) ? whole.type[0] : whole.type;
  if (type === "object" || whole.properties) {
    const must = new Set(whole.required ?? []);
    const wanted = Object.entries(whole.properties ?? {}).filter(([name]) => must.has(name) && depth < DEPTH_MAX);
    return Object.fromEntries(wanted.map(([name, part]) => [name, example(document, part, depth + 1)]));
  }
  if (type === "array") return depth < DEPTH_MAX && whole.items ? [example(document, whole.items, depth + 1)] : [];
  if (type === "integer" || type === "number") return whole.minimum ?? 0;
  if (type === "boolean") return false;
  return type === "null" ? null : "text";
}
