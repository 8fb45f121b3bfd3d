// Names and comments: what a file may be called, how it opens, and which words may not stand in it.
// Only comments are searched for words, so that a string may say anything.

import { basename } from 'node:path';
import type { SourceFile, Violation } from './sources.ts';

const HEADER_LINES_MIN = 2;
const HEADER_LINES_MAX = 15;

const FORBIDDEN_ANYWHERE = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'manager'];
const FORBIDDEN_BARE = ['service', 'services', 'types', 'type'];
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|d|config))*\.(ts|tsx|js|mjs|cjs)$/;

const UNFINISHED = /\b(TODO|FIXME|XXX|HACK)\b/;
const SILENCERS = /\b(eslint|oxlint)-disable|@ts-(ignore|nocheck|expect-error)\b/;

export function checkWords(file: SourceFile): Violation[] {
  return [...checkName(file), ...checkHeader(file), ...checkComments(file)];
}

function checkName(file: SourceFile): Violation[] {
  const say = (message: string): Violation => ({ file: file.path, line: 1, rule: 'name', message });
  const found: Violation[] = [];
  const name = basename(file.path);
  if (!KEBAB_CASE.test(name)) found.push(say(`${name} is not kebab-case`));
  for (const part of file.path.split('/')) {
    const stem = part.replace(/\..*$/, '');
    const isEmpty = stem.split('-').some((word) => FORBIDDEN_ANYWHERE.includes(word));
    if (isEmpty || FORBIDDEN_BARE.includes(stem)) found.push(say(`"${stem}" says nothing`));
  }
  return found;
}

function checkHeader(file: SourceFile): Violation[] {
  if (file.isTest || basename(file.path) === 'index.ts') return [];
  const first = file.lines[0]?.startsWith('#!') ? 2 : 1;
  const header = headerLines(file, first);
  if (header >= HEADER_LINES_MIN && header <= HEADER_LINES_MAX) return [];
  const message =
    `opens with ${header} lines of comment, not ${HEADER_LINES_MIN} to ${HEADER_LINES_MAX}: ` +
    'say what it is, what it is not, its invariants';
  return [{ file: file.path, line: first, rule: 'header', message }];
}

/** Lines of the comments that follow each other without a gap from `first` on. */
function headerLines(file: SourceFile, first: number): number {
  let next = first;
  for (const { firstLine, lastLine } of file.comments) {
    if (firstLine < first) continue;
    if (firstLine !== next) break;
    next = lastLine + 1;
  }
  return next - first;
}

function checkComments(file: SourceFile): Violation[] {
  return file.comments.flatMap(({ text, firstLine: line }) => {
    const found: Violation[] = [];
    const unfinished = UNFINISHED.exec(text)?.[0];
    if (unfinished) {
      const message = `"${unfinished}": finish it or file it`;
      found.push({ file: file.path, line, rule: 'unfinished', message });
    }
    const silencer = SILENCERS.exec(text)?.[0];
    const isTypeTest = file.isTest && silencer === '@ts-expect-error';
    if (silencer && !isTypeTest) {
      const message = `"${silencer}" silences a check: mend the cause`;
      found.push({ file: file.path, line, rule: 'silencer', message });
    }
    return found;
  });
}

/** A test stands beside what it tests; `packages/x/test` and examples hold tests of the whole. */
export function checkTestPlace(file: SourceFile, all: ReadonlySet<string>): Violation[] {
  const isPlaced = /^(packages\/[^/]+\/test|examples)\//.test(file.path);
  if (!file.isTest || isPlaced) return [];
  const stem = file.path.replace(/\.test\.tsx?$/, '');
  const isBeside = ['.ts', '.tsx', '.js'].some((end) => all.has(stem + end));
  if (isBeside || [...all].some((path) => path.startsWith(`${stem}/`))) return [];
  const message = `no ${basename(stem)}.ts and no folder ${basename(stem)} beside it`;
  return [{ file: file.path, line: 1, rule: 'test-place', message }];
}
