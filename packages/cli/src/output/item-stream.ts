// Things as they come, in any format of `-o`: each is written before `print` resolves, so that a
// word on it can wait for that. Of a list that is there as a whole: listing.ts.
//   Left to itself it is lines for people on a terminal and JSON lines in a pipe. The documents
//   (json, yaml) grow by an item each, and are whole when `end` was called.
//   Throws ReaderGoneError where nobody reads it.

import type { Context } from '../context.ts';
import type { Format } from './formats.ts';
import { csvRow } from './listing.ts';
import type { Item } from './listing.ts';
import type { Paint, Terminal } from './terminal.ts';
import { toYaml } from './yaml.ts';

export interface StreamedKind<T extends Item> {
  /** `MessageList`. */
  readonly kind: string;
  readonly csvKeys: readonly (keyof T & string)[];
  /** For people, without the end of the line. */
  readonly line: (item: T, paint: Paint) => string;
  readonly nameOf: (item: T) => string;
}

export class ItemStream<T extends Item> {
  readonly #terminal: Terminal;
  readonly #format: Format;
  readonly #kind: StreamedKind<T>;
  #count = 0;

  constructor({ terminal, flags }: Context, kind: StreamedKind<T>) {
    this.#terminal = terminal;
    this.#kind = kind;
    this.#format = flags.isFormatChosen || terminal.isOutTty ? flags.format : 'jsonl';
    terminal.stayUnread();
  }

  get count(): number {
    return this.#count;
  }

  /** The one asked for, else what fits stdout. */
  get format(): Format {
    return this.#format;
  }

  async print(item: T): Promise<void> {
    const head = this.#count === 0 ? this.#head() : '';
    await this.#terminal.write(head + this.#textOf(item));
    this.#count += 1;
  }

  /** Whatever happened: what was printed becomes whole. */
  end(): void {
    const text = this.#tail();
    if (text !== '') this.#terminal.out(text);
  }

  #head(): string {
    const { kind, csvKeys } = this.#kind;
    switch (this.#format) {
      case 'csv':
        return csvRow(csvKeys);
      case 'json':
        return `{\n  "apiVersion": "v1",\n  "kind": "${kind}",\n  "items": [`;
      case 'yaml':
        return `apiVersion: v1\nkind: ${kind}\nitems:\n`;
      default:
        return '';
    }
  }

  #tail(): string {
    const { kind } = this.#kind;
    const isEmpty = this.#count === 0;
    switch (this.#format) {
      case 'csv':
        return isEmpty ? this.#head() : '';
      case 'json':
        return isEmpty ? `${this.#head()}]\n}\n` : '\n  ]\n}\n';
      case 'yaml':
        return isEmpty ? toYaml({ apiVersion: 'v1', kind, items: [] }) : '';
      default:
        return '';
    }
  }

  #textOf(item: T): string {
    const { csvKeys, line, nameOf } = this.#kind;
    switch (this.#format) {
      case 'table':
      case 'wide':
        return `${line(item, this.#terminal.outPaint)}\n`;
      case 'name':
        return `${nameOf(item)}\n`;
      case 'jsonl':
        return `${JSON.stringify(item)}\n`;
      case 'csv':
        return csvRow(csvKeys.map((key) => item[key] ?? null));
      case 'json':
        return (this.#count === 0 ? '' : ',') + `\n${indented(JSON.stringify(item, null, 2), 4)}`;
      case 'yaml':
        return `${indented(toYaml([item]).trimEnd(), 2)}\n`;
    }
  }
}

const indented = (text: string, by: number): string => text.replaceAll(/^/gm, ' '.repeat(by));
