// What can be started: `./file.ts#Export`, `package#Export`, or one of the crew by name. Paths are
// made absolute here: the kernel may have been started elsewhere.

import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { ROLE, TIER } from '@hivekernel/client';
import type { Role, Tier } from '@hivekernel/client';
import { noMatch } from '../errors/cli-error.ts';
import { isAddressable } from '../select/selector.ts';
import { loadCrew } from './crew.ts';
import type { CrewMember } from './crew.ts';

export interface AgentSpec {
  readonly image: string;
  /** What a process of it is called unless it is given a name. */
  readonly name: string;
  readonly role: Role;
  readonly tier: Tier;
  readonly isCrew: boolean;
}

const SOURCE_FILE = /\.[mc]?[jt]s(#|$)/;
const DEFAULTS = { role: 'agent', tier: 'tactical', isCrew: false } as const;

/** Whether a word can only mean a file or a package, never a running agent. */
export const isImage = (word: string): boolean => SOURCE_FILE.test(word) || word.includes('#');

/** Undefined: it is no spec. Throws E_NO_MATCH for a file that is not there. */
export async function findSpec(word: string, cwd: string): Promise<AgentSpec | undefined> {
  if (SOURCE_FILE.test(word)) return fileSpec(word, cwd);
  if (word.includes('#')) return { image: word, name: nameOfImage(word), ...DEFAULTS };
  const member = (await loadCrew()).get(word);
  return member === undefined ? undefined : crewSpec(member);
}

function fileSpec(word: string, cwd: string): AgentSpec {
  const [file, exportName] = splitImage(word);
  const path = resolve(cwd, file);
  if (!existsSync(path)) {
    throw noMatch(`There is no file ${file} to start an agent from (looked at ${path}).`);
  }
  const image = exportName === undefined ? path : `${path}#${exportName}`;
  return { image, name: nameOfImage(image), ...DEFAULTS };
}

export function crewSpec({ image, role, tier }: CrewMember): AgentSpec {
  const name = nameOfImage(image);
  return { image, name, role: readRole(role), tier: readTier(tier), isCrew: true };
}

function splitImage(image: string): [string, string | undefined] {
  const at = image.lastIndexOf('#');
  return at < 0 ? [image, undefined] : [image.slice(0, at), image.slice(at + 1)];
}

/** `…/research-desk/queen.ts#ResearchDesk` -> `queen`; what no selector could name: `agent`. */
function nameOfImage(image: string): string {
  const [file] = splitImage(image);
  const stem = basename(file).replace(/\.[mc]?[jt]s$/, '');
  return isAddressable(stem) ? stem : 'agent';
}

/** Throws `invalid_argument` for a word that is no role. */
export function readRole(word: string): Role {
  ROLE.toWire(word, 'role');
  return word as Role;
}

export function readTier(word: string): Tier {
  TIER.toWire(word, 'tier');
  return word as Tier;
}
