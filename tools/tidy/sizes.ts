// Sizes of files, functions and lines. Blank and comment lines are free: explaining costs nothing.
// A `describe` block is a chapter, not a function; what stands inside it is measured.

import { Visitor, type VisitorObject } from 'oxc-parser';
import type { SourceFile, Violation } from './sources.ts';

type CallExpression = Parameters<NonNullable<VisitorObject['CallExpression']>>[0];

export const FILE_LINES_MAX = 450;
export const FUNCTION_LINES_MAX = 70;
export const LINE_COLUMNS_MAX = 100;

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
  const chapters = new Set<number>();
  const functions: { start: number; end: number }[] = [];
  const measure = (node: { start: number; end: number }): void => {
    functions.push(node);
  };
  new Visitor({
    CallExpression(call) {
      if (!isDescribe(call.callee)) return;
      for (const argument of call.arguments) chapters.add(argument.start);
    },
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure,
  }).visit(file.program);
  return functions
    .filter(({ start }) => !chapters.has(start))
    .flatMap(({ start, end }) => {
      const line = file.lineAt(start);
      const count = file.isCode.slice(line - 1, file.lineAt(end)).filter(Boolean).length;
      if (count <= FUNCTION_LINES_MAX) return [];
      const message = `a function of ${count} lines, at most ${FUNCTION_LINES_MAX}`;
      return [{ file: file.path, line, rule: 'function-size', message }];
    });
}

/** `describe`, `describe.each(…)`, `describe.skipIf(…)`: the name at the bottom of the chain. */
function isDescribe(callee: CallExpression['callee']): boolean {
  if (callee.type === 'Identifier') return callee.name === 'describe';
  if (callee.type === 'CallExpression') return isDescribe(callee.callee);
  return callee.type === 'MemberExpression' && isDescribe(callee.object);
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
