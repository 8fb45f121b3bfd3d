// The built-in crew: what can be run by name. Only the names; the agents themselves are loaded by
// the processes that run them, so this file imports nothing heavy.
import { fileURLToPath } from 'node:url';

export interface CrewMember {
  /** What a spawn takes: an absolute path and an export. */
  readonly image: string;
  readonly role: 'daemon' | 'agent' | 'architect' | 'lead' | 'worker' | 'task';
  readonly tier: 'strategic' | 'tactical' | 'operational';
  /** One sentence for people who choose. */
  readonly description: string;
}

/** Sources in the workspace, compiled files when packed. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

function memberImage(file: string, exportName: string): string {
  const path = fileURLToPath(new URL(`${file}.${EXTENSION}`, import.meta.url));
  return `${path}#${exportName}`;
}

export const CREW: Readonly<Record<string, CrewMember>> = {
  'research-desk': {
    image: memberImage('./research-desk/queen', 'ResearchDesk'),
    role: 'agent',
    tier: 'tactical',
    description:
      'Answers a question from your documents: a lead splits it, workers read and quote, ' +
      'a cited report comes back.',
  },
};
