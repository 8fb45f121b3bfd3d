// Numbers for a JSON schema: what the user named, how well the sentence fits, or a number of the
// prompt; always within the schema's range.

import type { JsonSchema } from '../chat.ts';
import type { Material } from './material.ts';
import type { Item } from './schema-text.ts';

const SHARE_NAME = /(?:score|confidence|relevance|probability|weight|rating|similarity)$/i;

export interface NumberField {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly material: Material;
  readonly item: Item | undefined;
}

interface Range {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

export function numberFor(field: NumberField): number {
  const range = rangeOf(field.schema);
  const { finds, chance } = field.material;
  const named = Number(finds.named(field.name) ?? Number.NaN);
  if (Number.isFinite(named)) return within(named, range);
  if (SHARE_NAME.test(field.name)) {
    const share = field.item?.sentence?.score ?? 0.5 + chance.next() / 2;
    const min = Number.isFinite(range.min) ? range.min : 0;
    const max = Number.isFinite(range.max) ? range.max : Math.max(1, min);
    return within(min + share * (max - min), range);
  }
  const fallback = field.schema['default'];
  const fits = (text: string): boolean => within(Number(text), range) === Number(text);
  const found = field.item === undefined ? finds.take('number', fits) : undefined;
  if (found !== undefined) return Number(found);
  return within(typeof fallback === 'number' ? fallback : 1, range);
}

function rangeOf(schema: JsonSchema): Range {
  const isInteger = schema['type'] === 'integer';
  const multiple = numberAt(schema, 'multipleOf');
  const step = multiple ?? (isInteger ? 1 : 0);
  // An open bound is kept by the smallest step that is sure to be inside.
  const nudge = step > 0 ? step : 1e-6;
  const above = numberAt(schema, 'exclusiveMinimum');
  const below = numberAt(schema, 'exclusiveMaximum');
  return {
    min: Math.max(
      numberAt(schema, 'minimum') ?? -Infinity,
      above === undefined ? -Infinity : above + nudge,
    ),
    max: Math.min(
      numberAt(schema, 'maximum') ?? Infinity,
      below === undefined ? Infinity : below - nudge,
    ),
    step,
  };
}

function within(wanted: number, range: Range): number {
  const held = Math.min(Math.max(wanted, range.min), range.max);
  if (range.step === 0) return Math.round(held * 1e6) / 1e6;
  const down = Math.floor(held / range.step) * range.step;
  return down >= range.min ? down : down + range.step;
}

function numberAt(schema: JsonSchema, key: string): number | undefined {
  const value = schema[key];
  return typeof value === 'number' ? value : undefined;
}
