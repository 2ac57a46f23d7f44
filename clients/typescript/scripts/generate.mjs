// From the OpenAPI document to types: `node generate.mjs openapi.json api.ts`.
import { readFileSync, writeFileSync } from "node:fs";

const [from, to] = process.argv.slice(2);
const { components } = JSON.parse(readFileSync(from, "utf8"));
const schemas = components.schemas;

const named = (reference) => reference.split("/").at(-1);
const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
const union = (parts) => [...new Set(parts)].join(" | ");
const wrapped = (type) => (type.includes(" | ") ? `(${type})` : type);

function typeOf(schema, indent) {
  if (!schema || schema === true) return "unknown";
  if (schema.$ref) return named(schema.$ref);
  if (schema.enum) return union(schema.enum.map((it) => JSON.stringify(it)));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return union(options.map((it) => typeOf(it, indent)));
  if (schema.allOf) return schema.allOf.map((it) => wrapped(typeOf(it, indent))).join(" & ");
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => typeOf({ ...schema, type }, indent)));
  switch (schema.type) {
    case "string": return "string";
    case "integer":
    case "number": return "number";
    case "boolean": return "boolean";
    case "null": return "null";
    case "array":
      if (schema.prefixItems) return `[${schema.prefixItems.map((it) => typeOf(it, indent)).join(", ")}]`;
      return `${wrapped(typeOf(schema.items, indent))}[]`;
    case "object":
      if (schema.properties) return fields(schema, indent);
      return `Record<string, ${typeOf(schema.additionalProperties, indent)}>`;
    default: return "unknown";
  }
}

function fields(schema, indent) {
  const must = new Set(schema.required ?? []);
  const lines = Object.entries(schema.properties).map(([name, part]) => {
    const optional = must.has(name) ? "" : "?";
    return `${indent}  ${key(name)}${optional}: ${typeOf(part, `${indent}  `)};`;
  });
  return lines.length ? `{\n${lines.join("\n")}\n${indent}}` : "Record<string, never>";
}

function comment(schema) {
  const text = (schema.description ?? "").replace(/\s+/g, " ").replaceAll("*/", "*\\/").trim();
  return text ? `/** ${text} */\n` : "";
}

const parts = Object.entries(schemas).map(([name, schema]) => `${comment(schema)}export type ${name} = ${typeOf(schema, "")};\n`);
writeFileSync(to, `// Generated from api/openapi.json by scripts/generate.mjs. Do not edit.\n\n${parts.join("\n")}`);
