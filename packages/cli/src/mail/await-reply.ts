// Waiting for the reply to a message that the operator sent: the stream of events says when it is
// there, the inbox holds it, and taking it out is the operator's word on it.

import type { HiveClient, InboxMessage } from '@hivekernel/client';
import { CliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';

export interface ReplyWait {
  /** Of the message. */
  readonly id: string;
  /** An event before the message was sent: nothing is missed. */
  readonly afterSeq: number;
  readonly timeoutMs: number;
}

/** Throws E_TIMED_OUT, and E_REJECTED and the like where no reply will come. */
export async function awaitReply(client: HiveClient, wait: ReplyWait): Promise<InboxMessage> {
  const { id, afterSeq, timeoutMs } = wait;
  const signal = AbortSignal.timeout(timeoutMs);
  for await (const { type, event } of client.followEvents({ afterSeq, signal })) {
    if (type !== 'message_sent' || event.replyTo !== id) continue;
    const message = await taken(client, event.messageId);
    if (message === undefined) continue;
    if (message.type !== 'ack') return message;
    refuseBadEnd(id, message);
  }
  const message = `no reply to ${id} within ${timeoutMs / 1_000} s`;
  throw new CliError({
    code: 'E_TIMED_OUT',
    exitCode: EXIT.timedOut,
    message,
    why: 'The message is where it was; a late reply will be in your inbox.',
    hints: [{ label: 'Look', command: 'hive inbox' }],
  });
}

/** Undefined: it is not there, or not any more. */
async function taken(client: HiveClient, id: string): Promise<InboxMessage | undefined> {
  const { messages } = await client.inbox();
  const message = messages.find((one) => one.id === id);
  if (message !== undefined) await client.acknowledge({ message: id });
  return message;
}

/** That it was accepted is no reply yet. */
function refuseBadEnd(id: string, report: InboxMessage): void {
  const { status = '', detail = '' } = JSON.parse(
    Buffer.from(report.payload).toString('utf8'),
  ) as Partial<Record<'status' | 'detail', string>>;
  if (status === 'accepted' || status === 'queued') return;
  const message = `${id} was not answered: ${detail}.`;
  const code = `E_${status.toUpperCase()}`;
  throw new CliError({ code, exitCode: EXIT.failed, message });
}
