// Sizes of files, functions and lines. Blank and comment lines are free: explaining costs nothing.
// A function that holds tests (a `describe` block, a conformance suite) is a chapter: not it is
// measured, but each test in it.

import { Visitor, type VisitorObject } from 'oxc-parser';
import type { SourceFile, Violation } from './sources.ts';

type CallExpression = Parameters<NonNullable<VisitorObject['CallExpression']>>[0];

export const FILE_LINES_MAX = 450;
export const FUNCTION_LINES_MAX = 70;
export const LINE_COLUMNS_MAX = 100;

const TEST_WORDS = ['describe', 'it', 'test'];

export function checkSizes(file: SourceFile): Violation[] {
  return [...checkFileSize(file), ...checkFunctionSizes(file), ...checkColumns(file)];
}

function checkFileSize(file: SourceFile): Violation[] {
  const count = file.isCode.filter(Boolean).length;
  if (count <= FILE_LINES_MAX) return [];
  const message = `${count} lines of code, at most ${FILE_LINES_MAX}: look for a second noun`;
  return [{ file: file.path, line: 1, rule: 'file-size', message }];
}

function checkFunctionSizes(file: SourceFile): Violation[] {
  return measuredFunctions(file).flatMap(({ start, end }) => {
    const line = file.lineAt(start);
    const count = file.isCode.slice(line - 1, file.lineAt(end)).filter(Boolean).length;
    if (count <= FUNCTION_LINES_MAX) return [];
    const message = `a function of ${count} lines, at most ${FUNCTION_LINES_MAX}`;
    return [{ file: file.path, line, rule: 'function-size', message }];
  });
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** All functions but the chapters, which are those that call `describe` or `it` themselves. */
function measuredFunctions(file: SourceFile): Span[] {
  const all: Span[] = [];
  const open: Span[] = [];
  const chapters = new Set<Span>();
  const enter = (node: Span): void => {
    all.push(node);
    open.push(node);
  };
  const leave = (): void => {
    open.pop();
  };
  new Visitor({
    CallExpression({ callee }) {
      const around = open.at(-1);
      if (around && TEST_WORDS.includes(firstName(callee))) chapters.add(around);
    },
    FunctionDeclaration: enter,
    'FunctionDeclaration:exit': leave,
    FunctionExpression: enter,
    'FunctionExpression:exit': leave,
    ArrowFunctionExpression: enter,
    'ArrowFunctionExpression:exit': leave,
  }).visit(file.program);
  return all.filter((node) => !chapters.has(node));
}

/** `describe` of `describe.each(…)(…)`: the name at the bottom of the chain. */
function firstName(callee: CallExpression['callee']): string {
  if (callee.type === 'Identifier') return callee.name;
  if (callee.type === 'CallExpression') return firstName(callee.callee);
  return callee.type === 'MemberExpression' ? firstName(callee.object) : '';
}

function checkColumns(file: SourceFile): Violation[] {
  return file.lines.flatMap((text, at) => {
    // A line that is one unbroken address cannot be cut.
    const columns = /^\W*https?:\S+$/.test(text) ? 0 : Array.from(text).length;
    if (columns <= LINE_COLUMNS_MAX) return [];
    const message = `${columns} columns, at most ${LINE_COLUMNS_MAX}`;
    return [{ file: file.path, line: at + 1, rule: 'columns', message }];
  });
}
