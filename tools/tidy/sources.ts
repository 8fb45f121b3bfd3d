// Finds the files that tidy judges and parses them once.
// It walks the tree itself (a file that is not yet under version control counts too) and knows
// which kind each file is: generated code is never judged, tests are judged less.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync, type ParseResult } from 'oxc-parser';

/** The root of the repository. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', 'gen', '.git', '.hive', 'coverage']);

export interface Violation {
  /** Relative to the root, with forward slashes. */
  readonly file: string;
  readonly line: number;
  /** Name of the rule, as exceptions cite it. */
  readonly rule: string;
  readonly message: string;
}

export interface Comment {
  readonly text: string;
  readonly firstLine: number;
  readonly lastLine: number;
}

/** An import as written, static or dynamic, or the source of a re-export. */
export interface ImportLine {
  readonly specifier: string;
  readonly line: number;
}

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly isTest: boolean;
  readonly program: ParseResult['program'];
  readonly comments: readonly Comment[];
  readonly imports: readonly ImportLine[];
  /** True for each line (from 0) that holds code, so neither blank nor only comment. */
  readonly isCode: readonly boolean[];
  /** The line (from 1) of an offset. */
  lineAt(offset: number): number;
}

/** Parses one file. Throws on a syntax error, since nothing can be said about such a file. */
export function parseSource(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text);
  const syntaxError = parsed.errors.find((error) => error.severity === 'Error');
  if (syntaxError) throw new Error(`${path}: ${syntaxError.message}`);
  const lineAt = lineFinder(text);
  const { staticImports, staticExports, dynamicImports } = parsed.module;
  const requests = [
    ...staticImports.map((entry) => entry.moduleRequest),
    ...staticExports.flatMap((statement) => statement.entries.map((e) => e.moduleRequest)),
  ];
  const imports: ImportLine[] = [];
  for (const request of requests) {
    if (request) imports.push({ specifier: request.value, line: lineAt(request.start) });
  }
  for (const { moduleRequest } of dynamicImports) {
    const literal = /^(['"`])([^'"`$]+)\1$/.exec(
      text.slice(moduleRequest.start, moduleRequest.end),
    );
    if (literal?.[2]) imports.push({ specifier: literal[2], line: lineAt(moduleRequest.start) });
  }
  return {
    path,
    text,
    lines: text.split('\n'),
    isTest: /\.test\.tsx?$/.test(path) || /^packages\/[^/]+\/test\//.test(path),
    program: parsed.program,
    comments: parsed.comments.map((comment) => ({
      text: comment.value,
      firstLine: lineAt(comment.start),
      lastLine: lineAt(comment.end),
    })),
    imports,
    isCode: blank(text, parsed.comments)
      .split('\n')
      .map((line) => line.trim() !== ''),
    lineAt,
  };
}

/** Every TypeScript and JavaScript source of the repository, parsed. */
export function loadSources(): SourceFile[] {
  return listFiles(/\.(ts|tsx|js|mjs|cjs)$/).map((path) => parseSource(path, readText(path)));
}

/** Paths under the root whose name matches, sorted; generated and installed folders left out. */
export function listFiles(pattern: RegExp, folder = ROOT): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) {
      found.push(...listFiles(pattern, path));
    } else if (entry.isFile() && pattern.test(entry.name)) {
      found.push(relative(ROOT, path).replaceAll('\\', '/'));
    }
  }
  return found.toSorted();
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

function blank(text: string, ranges: readonly { start: number; end: number }[]): string {
  let rest = '';
  let at = 0;
  for (const { start, end } of ranges) {
    rest += text.slice(at, start) + text.slice(start, end).replace(/[^\n]/g, ' ');
    at = end;
  }
  return rest + text.slice(at);
}
