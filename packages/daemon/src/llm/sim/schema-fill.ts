// Fills a JSON schema with values drawn from the prompt: strings by their names, the first fitting
// of an enum, numbers within their range, arrays of a bounded length whose items are the ranked
// sentences or the parts of the question. Follows local $ref, allOf, anyOf and oneOf.
//   J1. The value satisfies the schema's type, enum, const, required, lengths and ranges.
//   J2. It is finite: recursion ends by depth, arrays by ITEMS_MAX.

import type { JsonSchema } from '../chat.ts';
import type { Material } from './material.ts';
import { countUnforced } from './plan.ts';
import { numberFor } from './schema-number.ts';
import { resolveSchema } from './schema-resolve.ts';
import { PART_NAME, SOURCE_NAME, textFor } from './schema-text.ts';
import type { Item } from './schema-text.ts';
import { keyWords } from './words.ts';

const DEPTH_MAX = 24;
/** Below this depth only what is required is filled. */
const OPTIONAL_DEPTH_MAX = 6;
const ITEMS_DEFAULT = 6;
const ITEMS_MAX = 1_000;
const HAYSTACK_CHARS_MAX = 100_000;

export interface FillRequest {
  readonly schema: JsonSchema;
  readonly material: Material;
  readonly isArgument: boolean;
  /** How many items the instruction asks for. */
  readonly countAsked?: number | undefined;
}

interface Place {
  readonly name: string;
  readonly depth: number;
  readonly item: Item | undefined;
  /** True: itself an item of an array, not a field of one. */
  readonly isBare?: boolean;
}

export function fillSchema(request: FillRequest): unknown {
  return new Filler(request).fill(request.schema, { name: '', depth: 0, item: undefined });
}

class Filler {
  readonly #request: FillRequest;
  readonly #haystack: string;

  constructor(request: FillRequest) {
    this.#request = request;
    const { instruction, question } = request.material.prompt;
    this.#haystack = `${question}\n${instruction}`.slice(0, HAYSTACK_CHARS_MAX).toLowerCase();
  }

  fill(raw: unknown, place: Place): unknown {
    if (place.depth > DEPTH_MAX) return null;
    const schema = resolveSchema(raw, this.#request.schema);
    if ('const' in schema) return schema['const'];
    if (Array.isArray(schema['enum'])) return this.#fromEnum(schema['enum'] as unknown[]);
    switch (typeOf(schema)) {
      case 'object':
        return this.#object(schema, place);
      case 'array':
        return this.#array(schema, place);
      case 'integer':
      case 'number':
        return numberFor({ ...place, schema, material: this.#request.material });
      case 'boolean':
        return this.#boolean(place.name);
      case 'null':
        return null;
      default:
        return this.#text(schema, place);
    }
  }

  /** The first that the prompt mentions, else the first. */
  #fromEnum(values: readonly unknown[]): unknown {
    const isMentioned = (value: unknown): boolean => {
      if (typeof value !== 'string' || value === '') return false;
      const at = this.#haystack.indexOf(value.toLowerCase());
      return at >= 0 && !/\w/.test(this.#haystack.charAt(at - 1));
    };
    return values.find(isMentioned) ?? values[0] ?? null;
  }

  #object(schema: JsonSchema, place: Place): Record<string, unknown> {
    const properties = asRecord(schema['properties']);
    const required = new Set(
      Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [],
    );
    const out: Record<string, unknown> = {};
    for (const [name, property] of Object.entries(properties)) {
      if (!required.has(name) && !this.#isOffered(name, place)) continue;
      out[name] = this.fill(property, { ...place, name, depth: place.depth + 1, isBare: false });
    }
    this.#addOpen(schema, { place, out, required });
    return out;
  }

  /** An optional argument is given only where the user spoke of it. */
  #isOffered(name: string, place: Place): boolean {
    if (place.depth >= OPTIONAL_DEPTH_MAX) return false;
    return !this.#request.isArgument || this.#request.material.finds.named(name) !== undefined;
  }

  /** Names that are required but not described, and as many more as minProperties wants. */
  #addOpen(
    schema: JsonSchema,
    made: { place: Place; out: Record<string, unknown>; required: ReadonlySet<unknown> },
  ): void {
    const { place, out, required } = made;
    const extra = asRecord(schema['additionalProperties']);
    const put = (name: string): void => {
      out[name] = this.fill(extra, { ...place, name, depth: place.depth + 1, isBare: false });
    };
    for (const name of required) if (typeof name === 'string' && !(name in out)) put(name);
    const min = typeof schema['minProperties'] === 'number' ? schema['minProperties'] : 0;
    const words = keyWords(this.#request.material.prompt.question, ITEMS_MAX);
    for (let at = 0; Object.keys(out).length < Math.min(min, ITEMS_MAX); at++) {
      put(words[at] ?? `field${at}`);
    }
  }

  #array(schema: JsonSchema, place: Place): unknown[] {
    const tuple = Array.isArray(schema['prefixItems']) ? (schema['prefixItems'] as unknown[]) : [];
    const below = { ...place, depth: place.depth + 1, isBare: true };
    const out = tuple.map((one) => this.fill(one, below));
    const count = this.#countOf(schema, place);
    const names = this.#namesFor(schema, place);
    const isUnique = schema['uniqueItems'] === true;
    const seen = new Set<string>();
    for (let at = 0; out.length < count && at < count * 2 + ITEMS_DEFAULT; at++) {
      const item = names?.[at] === undefined ? this.#itemAt(place, at) : { name: names[at] };
      const value = this.fill(schema['items'] ?? {}, { ...below, item });
      const key = JSON.stringify(value);
      if (isUnique && seen.has(key)) continue;
      seen.add(key);
      out.push(value);
    }
    return out;
  }

  /** As many as there is to tell, within the schema's bounds and what was asked for. */
  #countOf(schema: JsonSchema, place: Place): number {
    const min = typeof schema['minItems'] === 'number' ? schema['minItems'] : 0;
    const max = typeof schema['maxItems'] === 'number' ? schema['maxItems'] : ITEMS_MAX;
    const names = this.#namesFor(schema, place);
    const isDeep = place.depth >= OPTIONAL_DEPTH_MAX;
    const { material, countAsked } = this.#request;
    const items = this.#isPlan(place) ? countUnforced(material.parts) : material.ranked.length;
    const wanted = names === undefined ? (countAsked ?? ITEMS_DEFAULT) : names.length;
    const there = Math.min(wanted, names?.length ?? items);
    return Math.min(Math.max(isDeep ? 0 : there, min), max, ITEMS_MAX);
  }

  #isPlan(place: Place): boolean {
    return PART_NAME.test(place.name) && this.#request.material.parts.length > 0;
  }

  #itemAt(place: Place, at: number): Item | undefined {
    if (this.#request.isArgument) return undefined;
    const { parts, ranked } = this.#request.material;
    if (place.item !== undefined) return place.item;
    if (this.#isPlan(place)) return { part: parts[at], sentence: ranked[at] };
    return ranked[at] === undefined ? undefined : { sentence: ranked[at] };
  }

  /** Arrays of names: the documents of a part or of the answer, the words of the question. */
  #namesFor(schema: JsonSchema, place: Place): readonly string[] | undefined {
    const { material } = this.#request;
    const items = resolveSchema(schema['items'], this.#request.schema);
    if (this.#request.isArgument || typeOf(items) !== 'string') return undefined;
    if (/(?:keyword|tag|term)s?$/i.test(place.name)) {
      return keyWords(place.item?.sentence?.text ?? material.prompt.question, ITEMS_DEFAULT);
    }
    if (!SOURCE_NAME.test(place.name)) return undefined;
    if (place.item?.part !== undefined) return place.item.part.documents;
    if (place.item?.sentence !== undefined) return [place.item.sentence.source];
    const sources = material.ranked.slice(0, ITEMS_DEFAULT * 2).map(({ source }) => source);
    return [...new Set(sources)].filter((source) => source !== '');
  }

  #boolean(name: string): boolean {
    return this.#request.material.finds.named(name)?.toLowerCase() !== 'false';
  }

  #text(schema: JsonSchema, place: Place): string {
    const { material, isArgument } = this.#request;
    const text = textFor({ name: place.name, schema, material, isArgument, item: place.item });
    // A bare string in a list of findings has no other place for its citation.
    const sentence = place.item?.part === undefined ? place.item?.sentence : undefined;
    const isUncited = place.isBare === true && text === sentence?.text && sentence.source !== '';
    return isUncited && schema['maxLength'] === undefined ? `${text} [${sentence.source}]` : text;
  }
}

function typeOf(schema: JsonSchema): string {
  const type = schema['type'];
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) {
    const [first] = (type as unknown[]).filter((one) => one !== 'null');
    return typeof first === 'string' ? first : 'null';
  }
  if ('properties' in schema || 'required' in schema) return 'object';
  if ('items' in schema || 'prefixItems' in schema) return 'array';
  return 'minimum' in schema || 'maximum' in schema ? 'number' : 'string';
}

function asRecord(value: unknown): Record<string, unknown> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : {};
}
