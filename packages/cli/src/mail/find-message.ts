// Which message a person means: `m31`, `31` or `#31`, in the operator's own inbox unless another is
// named; dead letters are looked for everywhere.

import type { DeadLetter, HiveClient, InboxMessage } from '@hivekernel/client';
import { noMatch, usageError } from '../errors/cli-error.ts';
import { resolveOne } from '../select/resolve.ts';

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
  throw noMatch(`${wanted.id} is among no dead letters.`);
}
