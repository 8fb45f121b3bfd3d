// Reads settings from one YAML file, with the line and column of each.
//   Sections nest (`spawn: {outrank: deny}`) or are dotted (`spawn.outrank: deny`); each key once.
//   An unknown key is an error with its nearest match; its value is never shown.

import { dirname } from 'node:path';
import type { Document, LineCounter, Node, Pair } from 'yaml';
import { nearest } from './nearest.ts';
import type { ConfigProblem } from './problem.ts';
import { SETTING_KEYS, isSettingKey } from './settings-table.ts';
import type { SettingKey } from './settings-table.ts';
import type { Candidate, OriginKind } from './source.ts';

export interface YamlFile {
  readonly path: string;
  /** The path as it stands in messages. */
  readonly shown: string;
  readonly text: string;
  readonly kind: OriginKind;
}

export interface YamlReading {
  readonly candidates: readonly Candidate[];
  readonly problems: readonly ConfigProblem[];
}

type Yaml = typeof import('yaml');

/** Reads all of it; problems of syntax and of unknown keys come back, never thrown. */
export async function readYaml(file: YamlFile): Promise<YamlReading> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(file.text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
  });
  const walker = new YamlWalker({ yaml, file, document, lines });
  walker.walkDocument();
  return walker;
}

class YamlWalker implements YamlReading {
  readonly candidates: Candidate[] = [];
  readonly problems: ConfigProblem[] = [];
  readonly #yaml: Yaml;
  readonly #file: YamlFile;
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #seen = new Set<SettingKey>();

  constructor(parts: { yaml: Yaml; file: YamlFile; document: Document; lines: LineCounter }) {
    this.#yaml = parts.yaml;
    this.#file = parts.file;
    this.#document = parts.document;
    this.#lines = parts.lines;
  }

  walkDocument(): void {
    const { errors, warnings, contents } = this.#document;
    for (const one of [...errors, ...warnings]) {
      const what = one.code === 'DUPLICATE_KEY' ? 'this key is given twice' : one.message;
      this.problems.push({ where: this.#at(one.pos[0]), what });
    }
    if (errors.some((one) => one.code !== 'DUPLICATE_KEY')) return;
    this.#walkSection(contents, '');
  }

  #walkSection(node: unknown, prefix: string): void {
    const section = this.#resolved(node);
    if (this.#isEmpty(section)) return;
    if (!this.#yaml.isMap(section)) {
      const key = prefix === '' ? {} : { key: prefix };
      this.problems.push({ where: this.#whereOf(node), ...key, what: 'this is not a map' });
      return;
    }
    for (const pair of section.items) this.#walkPair(pair, prefix);
  }

  #walkPair(pair: Pair, prefix: string): void {
    const word = this.#yaml.isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
    const key = prefix === '' ? word : `${prefix}.${word}`;
    const where = this.#whereOf(pair.key);
    if (this.#yaml.isAlias(pair.value) && this.#resolved(pair.value) === undefined) {
      const what = `there is no anchor &${pair.value.source} before this`;
      this.problems.push({ where: this.#whereOf(pair.value), key, what });
    } else if (isSettingKey(key)) {
      this.#take(key, pair.value, where);
    } else if (SETTING_KEYS.some((known) => known.startsWith(`${key}.`))) {
      this.#walkSection(pair.value, key);
    } else {
      this.problems.push({ where, key, what: unknownKey(key) });
    }
  }

  #take(key: SettingKey, node: unknown, where: string): void {
    if (this.#seen.has(key)) {
      this.problems.push({ where, key, what: 'this key is given twice' });
      return;
    }
    this.#seen.add(key);
    const value = this.#resolved(node);
    if (this.#isEmpty(value)) {
      const what = 'it has no value; leave the key out for the default';
      this.problems.push({ where, key, what });
      return;
    }
    const whereOf = (path: readonly (string | number)[]): string =>
      this.#whereOf(this.#part(value, path), this.#whereOf(node, where));
    try {
      const raw: unknown = (value as Node).toJS(this.#document);
      const origin = { kind: this.#file.kind, where: whereOf([]) };
      this.candidates.push({ key, raw, origin, whereOf, baseDir: dirname(this.#file.path) });
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      this.problems.push({ where, key, what });
    }
  }

  /** The node at `path`, or the nearest one around it. */
  #part(node: unknown, path: readonly (string | number)[]): unknown {
    let part = node;
    for (const step of path) {
      if (!this.#yaml.isCollection(part)) break;
      const inner: unknown = part.get(step, true);
      if (inner === undefined || inner === null) break;
      part = inner;
    }
    return part;
  }

  #resolved(node: unknown): unknown {
    return this.#yaml.isAlias(node) ? node.resolve(this.#document) : node;
  }

  #isEmpty(node: unknown): boolean {
    if (node === null || node === undefined) return true;
    return this.#yaml.isScalar(node) && node.value === null;
  }

  #whereOf(node: unknown, fallback = this.#file.shown): string {
    const start = this.#yaml.isNode(node) ? node.range?.[0] : undefined;
    return start === undefined ? fallback : this.#at(start);
  }

  #at(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file.shown}:${line}:${col}`;
  }
}

/** Looks among full keys and sections, then for the last word of the key at another place. */
function unknownKey(key: string): string {
  const match = nearest(key, knownPaths()) ?? sameEnding(key);
  return match === undefined ? 'unknown key' : `unknown key; did you mean ${match}?`;
}

function knownPaths(): Set<string> {
  const paths = new Set<string>(SETTING_KEYS);
  for (const key of SETTING_KEYS) {
    const words = key.split('.');
    for (let length = 1; length < words.length; length++)
      paths.add(words.slice(0, length).join('.'));
  }
  return paths;
}

function sameEnding(key: string): string | undefined {
  const last = key.slice(key.lastIndexOf('.') + 1);
  return SETTING_KEYS.find((known) => known.split('.').at(-1) === last);
}
