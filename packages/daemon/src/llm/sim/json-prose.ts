// JSON as text that can be ranked: findings that agents hand on as `{quote, source}` objects become
// lines `quote [source]`, so that a combining step quotes and cites them like any other text.
import { nameEnding } from './words.ts';

const TEXT_KEYS = nameEnding(
  'quote text sentence finding claim evidence excerpt answer summary content result output ' +
    'report body markdown',
);
const SOURCE_KEYS = nameEnding('source file document path citation cite ref reference url');
const DEPTH_MAX = 12;

/** The text itself where it is not JSON. */
export function proseOf(text: string): string {
  const start = text.trimStart().charAt(0);
  if (start !== '{' && start !== '[') return text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  const lines: string[] = [];
  collect(value, { lines, depth: 0, key: '' });
  return lines.join('\n\n');
}

interface Walk {
  readonly lines: string[];
  readonly depth: number;
  readonly key: string;
}

function collect(value: unknown, walk: Walk): void {
  if (walk.depth > DEPTH_MAX || value === null || value === undefined) return;
  if (typeof value === 'string') {
    const isBare = walk.key === '' || TEXT_KEYS.test(walk.key);
    walk.lines.push(isBare ? value : `${walk.key}: ${value}`);
  } else if (typeof value === 'number' || typeof value === 'boolean') {
    walk.lines.push(walk.key === '' ? String(value) : `${walk.key}: ${value}`);
  } else if (Array.isArray(value)) {
    for (const item of value as unknown[]) collect(item, { ...walk, depth: walk.depth + 1 });
  } else if (typeof value === 'object') collectObject(value as Record<string, unknown>, walk);
}

function collectObject(object: Record<string, unknown>, walk: Walk): void {
  const entries = Object.entries(object);
  const source = entries.find(([key, value]) => SOURCE_KEYS.test(key) && typeof value === 'string');
  const text = entries.find(([key, value]) => TEXT_KEYS.test(key) && typeof value === 'string');
  if (source !== undefined && text !== undefined) {
    const quote = String(text[1]).trim();
    const isCited = quote.endsWith(']');
    walk.lines.push(isCited ? quote : `${quote} [${String(source[1])}]`);
    return;
  }
  for (const [key, value] of entries) collect(value, { ...walk, key, depth: walk.depth + 1 });
}
