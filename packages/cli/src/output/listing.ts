// A list of things in any format of `-o`: one table of columns a kind, machines and people alike.
//   json is one document with `apiVersion`, `kind`, `items`, `cursor`; jsonl one object a line.
//   Records are what machines get; a column says how people see a field of one.

import { usageError } from '../errors/cli-error.ts';
import type { Format } from './formats.ts';
import { renderTable } from './table.ts';
import type { TableColumn } from './table.ts';
import { toYaml } from './yaml.ts';

export type Field = string | number | boolean | null | readonly string[] | FieldMap;
interface FieldMap {
  readonly [key: string]: string;
}
/** What is told of one thing; unknown is null, never left out. */
export type Item = Readonly<Record<string, Field>>;

export interface Column<T extends Item> extends TableColumn {
  /** For `--columns` and `--sort`; a field of the record unless `show` makes it of several. */
  readonly key: string;
  readonly show: (item: T) => string;
  /** Only with `-o wide` or when asked for. */
  readonly isWide?: boolean;
  /** Only where `--columns` names it; not in CSV either. */
  readonly isOnDemand?: boolean;
}

export interface Listing<T extends Item> {
  /** `AgentList`. */
  readonly kind: string;
  readonly items: readonly T[];
  readonly columns: readonly Column<T>[];
  /** What `-o name` and `-q` print of each. */
  readonly nameOf: (item: T) => string;
  /** What tells one from all others, where its name does not. */
  readonly keyOf?: (item: T) => string;
  /** The seq up to which the list is true. */
  readonly cursor?: number;
  /** A line for people where there is nothing. */
  readonly empty?: string;
}

export interface ListingOptions {
  readonly format: Format;
  /** Keys of columns, in order. */
  readonly columns?: readonly string[] | undefined;
  readonly width?: number | undefined;
  readonly hasHead?: boolean;
}

export function renderListing<T extends Item>(
  listing: Listing<T>,
  options: ListingOptions,
): string {
  const { items, nameOf } = listing;
  switch (options.format) {
    case 'json':
      return `${JSON.stringify(documentOf(listing), null, 2)}\n`;
    case 'yaml':
      return toYaml(documentOf(listing));
    case 'jsonl':
      return items.map((item) => `${JSON.stringify(item)}\n`).join('');
    case 'name':
      return items.map((item) => `${nameOf(item)}\n`).join('');
    case 'csv':
      return renderCsv(listing, options);
    case 'table':
    case 'wide':
      return renderPeople(listing, options);
  }
}

export function documentOf<T extends Item>({ kind, items, cursor }: Listing<T>) {
  const head = { apiVersion: 'v1', kind, items };
  return cursor === undefined ? head : { ...head, cursor: String(cursor) };
}

/** One thing as a document of its own. */
export function renderDocument(kind: string, body: object, format: Format): string {
  const document = { apiVersion: 'v1', kind, ...body };
  if (format === 'yaml') return toYaml(document);
  return `${JSON.stringify(document, null, format === 'json' ? 2 : 0)}\n`;
}

function renderPeople<T extends Item>(listing: Listing<T>, options: ListingOptions): string {
  const columns = chosenColumns(listing, options);
  const rows = listing.items.map((item) => columns.map(({ show }) => show(item)));
  return renderTable(columns, rows, options);
}

function plainKeys<T extends Item>({ items, columns }: Listing<T>): string[] {
  const [first] = items;
  const keys = first === undefined ? columns.map(({ key }) => key) : Object.keys(first);
  return keys.filter((key) => columns.find((one) => one.key === key)?.isOnDemand !== true);
}

function renderCsv<T extends Item>(listing: Listing<T>, options: ListingOptions): string {
  const keys =
    options.columns === undefined
      ? plainKeys(listing)
      : chosenColumns(listing, options).map(({ key }) => key);
  const rows = listing.items.map((item) => keys.map((key) => item[key] ?? null));
  return [keys, ...rows].map(csvRow).join('');
}

/** A field as text, for comparing and for CSV. */
export function fieldText(value: Field): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** One line of CSV (RFC 4180). */
export const csvRow = (fields: readonly Field[]): string => `${fields.map(csvField).join(',')}\r\n`;

function csvField(value: Field): string {
  const text = fieldText(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function chosenColumns<T extends Item>(
  { columns }: Listing<T>,
  { columns: keys, format }: ListingOptions,
): readonly Column<T>[] {
  if (keys === undefined) {
    return columns.filter((one) => !one.isOnDemand && (!one.isWide || format === 'wide'));
  }
  return keys.map((key) => columnOf(columns, key));
}

export function columnOf<T extends Item>(columns: readonly Column<T>[], key: string): Column<T> {
  const found = columns.find((column) => column.key.toLowerCase() === key.toLowerCase());
  if (found !== undefined) return found;
  const known = columns.map((column) => column.key).join(', ');
  throw usageError(`There is no column "${key}"; there are ${known}.`);
}

/** `usd` rises, `-usd` falls. Unknown values come last. */
export function sortItems<T extends Item>(
  items: readonly T[],
  order: { key: string; columns: readonly Column<T>[] },
): T[] {
  const isFalling = order.key.startsWith('-');
  const { key } = columnOf(order.columns, order.key.replace(/^[-+]/, ''));
  return items.toSorted((a, b) => {
    const [left = null, right = null] = [a[key], b[key]];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    const rises =
      typeof left === 'number' && typeof right === 'number' ? left - right : compare(left, right);
    return isFalling ? -rises : rises;
  });
}

function compare(left: Field, right: Field): number {
  const [a, b] = [fieldText(left), fieldText(right)];
  return a < b ? -1 : Number(a > b);
}
