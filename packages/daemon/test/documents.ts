// A small directory of documents for tests of the research desk, and what its report must hold to.

import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const QUESTION = 'How does the harbour keep its boats safe in a storm, and who pays for it?';

export const DOCUMENTS: Readonly<Record<string, string>> = {
  'manual/storms.md':
    '# Storms\n\n' +
    'When a storm is announced, the harbour closes its outer gate within ten minutes. ' +
    'Every boat is moored with two lines at the stern and two at the bow.\n\n' +
    '## After a storm\n\nThe warden inspects every boat before the gate is opened again.\n',
  'manual/money.md':
    '# Money\n\nThe owners pay a yearly fee for the safety of their boats. ' +
    'The city pays for the outer gate of the harbour, because a storm threatens the town too.\n',
  'manual/fish.md':
    '# The market\n\nHerring is sold on Tuesdays. The ice comes from the cellar below the hall.\n',
  'README.md':
    '# The old harbour\n\nThe harbour has forty berths. In a storm the wall in the west breaks ' +
    'the waves and keeps the boats safe.\n',
};

/** Resolves with the directory; the caller removes it. */
export async function writeDocuments(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hive-documents-'));
  for (const [name, text] of Object.entries(DOCUMENTS)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  return dir;
}

export interface Quoted {
  readonly source: string;
  readonly quote: string;
}

/** The quotes of a report's section "Findings by document". */
export function quotesIn(report: string): Quoted[] {
  const section = report.split('## Findings by document')[1]?.split('\n## ')[0] ?? '';
  const quotes: Quoted[] = [];
  let source = '';
  for (const line of section.split('\n')) {
    source = /^### \[(.+)\]$/.exec(line)?.[1] ?? source;
    const quote = /^> (.+)$/.exec(line)?.[1];
    if (quote !== undefined) quotes.push({ source, quote });
  }
  return quotes;
}
