// A JSON schema with its references followed and its alternatives chosen, one level deep: what is
// left says directly what value it wants. Also a schema read off an example value.

import type { JsonSchema } from '../chat.ts';

const STEPS_MAX = 32;

/** `true`, or what is no schema, means anything. Only references into `root` are followed. */
export function resolveSchema(raw: unknown, root: JsonSchema): JsonSchema {
  let schema = asSchema(raw);
  for (let step = 0; step < STEPS_MAX; step++) {
    const next = oneStep(schema, root);
    if (next === undefined) return schema;
    schema = next;
  }
  return {};
}

/** Undefined: nothing is left to resolve. */
function oneStep(schema: JsonSchema, root: JsonSchema): JsonSchema | undefined {
  const { $ref: ref, allOf, anyOf, oneOf, ...rest } = schema;
  if (typeof ref === 'string') return { ...pointedAt(ref, root), ...rest };
  if (Array.isArray(allOf)) return merged([...(allOf as unknown[]), rest], root);
  const options = anyOf ?? oneOf;
  if (!Array.isArray(options)) return undefined;
  const schemas = (options as unknown[]).map((one) => resolveSchema(one, root));
  const chosen = schemas.find((one) => one['type'] !== 'null' && one['const'] !== null);
  return merged([rest, chosen ?? schemas[0] ?? {}], root);
}

/** A JSON pointer (RFC 6901) into the root. */
function pointedAt(ref: string, root: JsonSchema): JsonSchema {
  if (!ref.startsWith('#')) return {};
  let at: unknown = root;
  for (const raw of ref.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(raw).replaceAll('~1', '/').replaceAll('~0', '~');
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined;
  }
  return asSchema(at);
}

function merged(parts: readonly unknown[], root: JsonSchema): JsonSchema {
  return parts.reduce<JsonSchema>((all, part) => {
    const one = resolveSchema(part, root);
    const properties = { ...asSchema(all['properties']), ...asSchema(one['properties']) };
    const required = [...asList(all['required']), ...asList(one['required'])];
    return {
      ...all,
      ...one,
      ...(Object.keys(properties).length > 0 ? { properties } : {}),
      ...(required.length > 0 ? { required: [...new Set(required)] } : {}),
    };
  }, {});
}

function asSchema(value: unknown): JsonSchema {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as JsonSchema) : {};
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

const EXAMPLE_DEPTH_MAX = 8;

/** A schema that the example satisfies, with all its fields required. */
export function schemaOf(example: unknown, depth = 0): JsonSchema {
  if (depth > EXAMPLE_DEPTH_MAX || example === null) return {};
  if (Array.isArray(example)) {
    return {
      type: 'array',
      items: schemaOf((example as unknown[])[0] ?? '', depth + 1),
      minItems: 1,
    };
  }
  if (typeof example !== 'object') return { type: typeof example };
  const entries = Object.entries(example).map(
    ([key, value]) => [key, schemaOf(value, depth + 1)] as const,
  );
  return {
    type: 'object',
    properties: Object.fromEntries(entries),
    required: entries.map(([key]) => key),
  };
}

const EXAMPLE_CHARS_MAX = 20_000;

/** The first JSON object or array that stands in a text, as prompts show the wanted form. */
export function exampleIn(text: string): unknown {
  const window = text.slice(-EXAMPLE_CHARS_MAX);
  const start = window.search(/\{\s*"|\[\s*\{/);
  if (start < 0) return undefined;
  const end = closing(window, start);
  if (end < 0) return undefined;
  try {
    return JSON.parse(window.slice(start, end + 1).replace(/,?\s*(?:\.\.\.|…)/g, ''));
  } catch {
    return undefined;
  }
}

/** The bracket that closes the one at `start`; strings are skipped. */
function closing(text: string, start: number): number {
  let depth = 0;
  let isString = false;
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at);
    if (isString) {
      if (char === '\\') at++;
      else if (char === '"') isString = false;
    } else if (char === '"') isString = true;
    else if (char === '{' || char === '[') depth++;
    else if ((char === '}' || char === ']') && --depth === 0) return at;
  }
  return -1;
}
