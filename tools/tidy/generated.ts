// Documents, or parts of them, that are made from the code, so that they cannot say what the code
// no longer does. `node tools/tidy/generated.ts --write` renews them; tidy refuses stale ones.
// Generated code is not here: tools/generate.ts makes it and checks it.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GUIDE_PATH, renewGuide } from '@hivekernel/daemon/config';
import { drawLayers } from './layers.ts';
import { readText, ROOT, type Violation } from './sources.ts';
import { drawPermissions } from './permissions.ts';
import { drawStates } from './states.ts';

export interface GeneratedDoc {
  /** Relative to the root. A file that does not exist is skipped. */
  readonly file: string;
  /** What the file should say, given what it says. */
  readonly generate: (current: string) => string;
}

export const GENERATED_DOCS: readonly GeneratedDoc[] = [
  {
    file: 'docs/architecture.md',
    generate: (text) => fillMarkers({ current: text, name: 'layers', body: drawLayers() }),
  },
  {
    file: 'docs/states.md',
    generate: (text) => fillMarkers({ current: text, name: 'states', body: drawStates() }),
  },
  {
    file: 'docs/permissions.md',
    generate: (text) =>
      fillMarkers({ current: text, name: 'permissions', body: drawPermissions() }),
  },
  { file: GUIDE_PATH, generate: renewGuide },
];

export function checkGenerated(
  docs: readonly GeneratedDoc[],
  read: (file: string) => string | undefined = readIfThere,
): Violation[] {
  return docs.flatMap(({ file, generate }) => {
    const current = read(file);
    if (current === undefined || generate(current) === current) return [];
    const message = 'is stale: run `npm run docs`';
    return [{ file, line: 1, rule: 'generated', message }];
  });
}

/** Puts `body` between `<!-- name:start -->` and `<!-- name:end -->`, which must be there. */
export function fillMarkers({ current, name, body }: MarkedText): string {
  const start = `<!-- ${name}:start -->`;
  const end = `<!-- ${name}:end -->`;
  const from = current.indexOf(start);
  const to = current.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the markers ${start} and ${end} are missing`);
  return `${current.slice(0, from + start.length)}\n\n${body}\n\n${current.slice(to)}`;
}

interface MarkedText {
  readonly current: string;
  readonly name: string;
  readonly body: string;
}

function readIfThere(file: string): string | undefined {
  return existsSync(join(ROOT, file)) ? readText(file) : undefined;
}

if (import.meta.main && process.argv.includes('--write')) {
  for (const { file, generate } of GENERATED_DOCS) {
    const current = readIfThere(file);
    if (current !== undefined) writeFileSync(join(ROOT, file), generate(current));
  }
}
