// Which message a person means: `m31`, `31` or `#31`, in the operator's own inbox unless another is
// named; dead letters are looked for in all inboxes, or in the named queue that --queue says.

import type {
  CallPatience,
  DeadLetter,
  HiveClient,
  InboxMessage,
  LetterName,
} from '@hivekernel/client';
import { noMatch, usageError } from '../errors/cli-error.ts';
import { resolveOne } from '../select/resolve.ts';
import { actingAs } from './acting.ts';
import type { ActingFlags } from './acting.ts';

export interface FoundLetter {
  readonly pid: number;
  readonly address: string;
  readonly letter: DeadLetter;
}

const ID = /^#?m?(\d{1,16})$/;

/** Throws a usage error. */
export function messageId(text: string): string {
  const match = ID.exec(text);
  if (match === null) throw usageError(`"${text}" is no message; one reads like m31.`);
  return `m${match[1]}`;
}

/** Whose inbox; left out: the operator's own, which is the king's (0). */
export async function inboxOwner(
  client: HiveClient,
  selector: string | undefined,
): Promise<{ pid: number; address: string }> {
  if (selector === undefined) return { pid: 0, address: '/king' };
  const { agents } = await client.processes({ includeDead: true });
  return resolveOne(selector, agents);
}

/** Throws E_NO_MATCH. */
export async function waitingMessage(
  client: HiveClient,
  of: { pid: number; address: string; id: string },
): Promise<InboxMessage> {
  const { messages } = await client.inbox(of.pid);
  const found = messages.find(({ id }) => id === of.id);
  if (found !== undefined) return found;
  throw noMatch(`${of.id} does not wait in the inbox of ${of.address}.`);
}

/** Of one process, or of all of which there is a record. */
export async function deadLetters(
  client: HiveClient,
  selector: string | undefined,
): Promise<FoundLetter[]> {
  const { agents } = await client.processes({ includeDead: true });
  const owners = selector === undefined ? agents : [await resolveOne(selector, agents)];
  const found = owners.map(async ({ pid, address }) => {
    const { dead } = await client.inbox(pid);
    return dead.map((letter) => ({ pid, address, letter }));
  });
  return (await Promise.all(found)).flat();
}

/** Throws E_NO_MATCH. */
export async function deadLetter(
  client: HiveClient,
  wanted: { id: string; of: string | undefined },
): Promise<FoundLetter> {
  const found = (await deadLetters(client, wanted.of)).find(
    ({ letter }) => letter.id === wanted.id,
  );
  if (found !== undefined) return found;
  throw noMatch(`${wanted.id} is among no dead letters of agents.`, {
    why: 'Of those of a named queue, --queue says which.',
    hints: [
      { label: 'See the queues', command: 'hive queue ls' },
      { label: 'and what is dead in one', command: 'hive queue dead NAME' },
    ],
  });
}

/** Whose, or of which queue. */
export interface PlaceFlags extends ActingFlags {
  readonly of?: string;
  readonly queue?: string;
}

export interface LetterPlace {
  readonly how: Pick<CallPatience, 'as'>;
  /** Throws E_NO_MATCH. */
  readonly find: (id: string) => Promise<LetterName>;
}

/** Throws usage errors for words that do not go together. */
export async function letterPlace(client: HiveClient, flags: PlaceFlags): Promise<LetterPlace> {
  const { of, queue } = flags;
  checkPlace(flags);
  if (queue !== undefined) {
    const find = (message: string) => Promise.resolve({ queue, message });
    return { how: await actingAs(client, flags), find };
  }
  const find = async (message: string) => {
    const { pid } = await deadLetter(client, { id: message, of });
    return { pid, message };
  };
  return { how: {}, find };
}

export function checkPlace({ of, queue, as }: PlaceFlags): void {
  if (queue !== undefined && of !== undefined) {
    throw usageError('--queue and --of are two places: name one of them.');
  }
  if (queue === undefined && as !== undefined) {
    throw usageError('--as goes with --queue; whose inbox is meant says --of.');
  }
}
