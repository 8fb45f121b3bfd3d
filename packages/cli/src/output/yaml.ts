// Plain data as YAML: maps, lists and scalars in block style. Writes only; a text that could be
// read as anything else is quoted as JSON, which is YAML too.

/** Letters first, nothing that has a meaning in YAML, no blank at the end. */
const BARE = /^[A-Za-z_./][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*$/;
const WORDS_WITH_A_MEANING = /^(?:true|false|null|yes|no|on|off|y|n|~|\.inf|\.nan|\.)$/i;

export function toYaml(value: unknown): string {
  return `${node(value, 0)}\n`;
}

function node(value: unknown, depth: number): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : list(value, depth);
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return entries.length === 0 ? '{}' : map(entries, depth);
  }
  return scalar(value);
}

const indent = (depth: number): string => '  '.repeat(depth);

function list(items: readonly unknown[], depth: number): string {
  return items.map((item) => `${indent(depth)}- ${node(item, depth + 1).trimStart()}`).join('\n');
}

function map(entries: readonly (readonly [string, unknown])[], depth: number): string {
  return entries
    .map(([key, value]) => {
      const text = node(value, depth + 1);
      const isBlock = text.startsWith(indent(depth + 1)) && isCollection(value);
      return `${indent(depth)}${scalar(key)}:${isBlock ? '\n' : ' '}${text}`;
    })
    .join('\n');
}

const isCollection = (value: unknown): boolean => value !== null && typeof value === 'object';

function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? 'null';
  return BARE.test(value) && !WORDS_WITH_A_MEANING.test(value) ? value : JSON.stringify(value);
}
