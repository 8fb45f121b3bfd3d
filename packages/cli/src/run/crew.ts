// The built-in crew: agents that can be run by name. It comes as a package of its own, found at run
// time like any other agent, so that the command line does not depend on those who work under it.

import { usageError } from '../errors/cli-error.ts';

export interface CrewMember {
  readonly image: string;
  readonly role: string;
  readonly tier: string;
  readonly description: string;
}

const CREW_PACKAGE = '@hivekernel/crew';

/** By name; empty where the crew is not installed. */
export async function loadCrew(): Promise<ReadonlyMap<string, CrewMember>> {
  const module = await importCrew();
  const members = Object.entries(module?.CREW ?? {});
  return new Map(members.filter((entry): entry is [string, CrewMember] => isMember(entry[1])));
}

async function importCrew(): Promise<{ readonly CREW?: object } | undefined> {
  try {
    return (await import(CREW_PACKAGE)) as { readonly CREW?: object };
  } catch (error) {
    if (isNotInstalled(error)) return undefined;
    throw error;
  }
}

const isNotInstalled = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';

function isMember(value: unknown): value is CrewMember {
  if (value === null || typeof value !== 'object') return false;
  const { image, role, tier } = value as Partial<CrewMember>;
  return typeof image === 'string' && typeof role === 'string' && typeof tier === 'string';
}

/** For a command that cannot do without it. */
export async function requireMember(name: string): Promise<CrewMember> {
  const member = (await loadCrew()).get(name);
  if (member !== undefined) return member;
  throw usageError(`The crew has no "${name}": the package ${CREW_PACKAGE} is not installed.`);
}
