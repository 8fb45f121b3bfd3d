// Compiles the TypeScript of the documents: every fenced `ts` block must pass the compiler.
// A block may name itself (```ts file=agent.ts) so that the later ones of its document can import
// it. Blocks keep their line numbers, so that an error points into the document.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT, type Violation } from './sources.ts';

const COMPILE_TIMEOUT_MS = 60_000;
const CACHE = join(ROOT, 'node_modules/.cache');

export interface Snippet {
  readonly doc: string;
  /** The line of the document on which the code begins. */
  readonly line: number;
  readonly name: string | undefined;
  readonly code: string;
}

export function extractSnippets(doc: string, text: string): Snippet[] {
  const found: Snippet[] = [];
  let open: { fence: string; info: string; line: number; code: string[] } | undefined;
  for (const [at, raw] of text.split('\n').entries()) {
    const fence = /^\s*(`{3,}|~{3,})\s*(.*?)\s*$/.exec(raw);
    if (!open) {
      if (fence) open = { fence: fence[1] ?? '', info: fence[2] ?? '', line: at + 2, code: [] };
    } else if (fence?.[1]?.startsWith(open.fence) && !fence[2]) {
      const name = /\bfile=(\S+)/.exec(open.info)?.[1];
      const { line, code } = open;
      if (isTypeScript(open.info)) found.push({ doc, line, name, code: code.join('\n') });
      open = undefined;
    } else {
      open.code.push(raw);
    }
  }
  return found;
}

function isTypeScript(info: string): boolean {
  return ['ts', 'typescript'].includes(info.split(/\s/)[0] ?? '');
}

/** Runs the compiler once over all blocks; each error is reported at its place in the document. */
export function compileSnippets(snippets: readonly Snippet[]): Violation[] {
  if (snippets.length === 0) return [];
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'docs-snippets-'));
  try {
    const docs = new Map(snippets.map((snippet) => [writeSnippet(folder, snippet), snippet.doc]));
    writeProject(folder, [...docs.keys()]);
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const run = spawnSync(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
      timeout: COMPILE_TIMEOUT_MS,
    });
    if (run.error) throw run.error;
    const violations = readErrors(run.stdout, docs);
    if (run.status !== 0 && violations.length === 0) {
      throw new Error(`tsc failed over the documents:\n${run.stdout}${run.stderr}`);
    }
    return violations;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One folder a document; returns the path of the block inside `folder`. */
function writeSnippet(folder: string, { doc, line, name, code }: Snippet): string {
  const path = `${doc.replaceAll(/[^\w]+/g, '-')}/${name ?? `line-${line}.ts`}`;
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), '\n'.repeat(line - 1) + code + '\n');
  return path;
}

function writeProject(folder: string, files: readonly string[]): void {
  const compilerOptions = {
    lib: ['es2025', 'esnext.disposable', 'dom'],
    types: ['node'],
    moduleDetection: 'force',
  };
  const project = { extends: join(ROOT, 'tsconfig.base.json'), compilerOptions, files };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
}

function readErrors(output: string, docs: ReadonlyMap<string, string>): Violation[] {
  return output.split('\n').flatMap((text) => {
    const error = /^(.+?)\((\d+),\d+\): error (.+)$/.exec(text);
    if (!error) return [];
    const path = (error[1] ?? '').replaceAll('\\', '/');
    const file = docs.get(path) ?? path;
    return [{ file, line: Number(error[2]), rule: 'snippet', message: error[3] ?? '' }];
  });
}
