// Results of processes as records, and their columns: what `results`, `collapse` and `wait` print.
// Whether a result was taken by that is the command's business.

import type { ExitReport } from '@hivekernel/client';
import type { Column, Listing } from '../output/listing.ts';
import { safeLine } from '../output/plain-text.ts';

// A type, not an interface: only that fits an index signature.
export type ResultItem = {
  readonly pid: number;
  readonly name: string;
  /** -1: it did not end by itself. */
  readonly exitCode: number;
  readonly cause: string;
  readonly output: string;
};

export const toResultItem = (result: ExitReport): ResultItem => ({
  pid: result.pid,
  name: result.name,
  exitCode: result.exitCode,
  cause: result.cause,
  output: result.output,
});

const COLUMNS: readonly Column<ResultItem>[] = [
  { key: 'pid', head: 'PID', isRight: true, show: ({ pid }) => `${pid}` },
  { key: 'name', head: 'NAME', cut: 'middle', show: ({ name }) => safeLine(name) },
  { key: 'exitCode', head: 'EXIT', isRight: true, show: ({ exitCode }) => `${exitCode}` },
  { key: 'cause', head: 'CAUSE', show: ({ cause }) => cause.replaceAll('_', ' ') },
  { key: 'output', head: 'OUTPUT', cut: 'end', show: ({ output }) => safeLine(output) || '-' },
];

export const resultListing = (
  results: readonly ExitReport[],
  empty: string,
): Listing<ResultItem> => ({
  kind: 'ResultList',
  items: results.map(toResultItem),
  columns: COLUMNS,
  nameOf: ({ pid }) => String(pid),
  empty,
});
