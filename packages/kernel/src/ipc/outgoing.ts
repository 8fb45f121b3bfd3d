// Messages on their way out: what a sender gives, and what is refused whoever it is for.
//   M7, M9. A TTL and a deadline: whichever comes first ends it while it waits.
//   M8. Over 1 MiB is refused: that is what artifacts are for.

import { KernelError } from '../errors.ts';
import type { Content } from '../events/content.ts';
import type { Log } from '../events/log.ts';
import type { Priority } from '../events/words.ts';
import { LIMITS } from '../limits.ts';

export interface OutgoingMessage {
  readonly type: string;
  readonly priority: Priority;
  readonly content: Content;
  readonly requiresAck: boolean;
  /** 0: lives until it is handled. */
  readonly ttlMs: number;
  readonly replyTo: string;
  /** M9: of a request, in unix milliseconds; 0 or left out: none. */
  readonly deadlineMs?: number;
}

type Clock = Pick<Log, 'wallMs' | 'monoMs'>;

/** Throws `too_large`, and `timed_out` for a request that nobody could answer in time (M9). */
export function checkOutgoing({ content, deadlineMs = 0 }: OutgoingMessage, now: Clock): void {
  if (content.bytes > LIMITS.messagePayloadBytesMax) {
    throw new KernelError(
      'too_large',
      `The payload has ${content.bytes} bytes, ` +
        `at most ${LIMITS.messagePayloadBytesMax} are allowed (M8). ` +
        'Store it as an artifact and send its key.',
      { details: { bytes: content.bytes } },
    );
  }
  if (deadlineMs === 0 || deadlineMs > now.wallMs) return;
  throw new KernelError('timed_out', 'The deadline of the message is over (M9).', {
    details: { field: 'deadline_ms' },
  });
}

/** On the kernel's clock; 0: never. */
export function expiryOf({ ttlMs, deadlineMs = 0 }: OutgoingMessage, now: Clock): number {
  if (ttlMs === 0 && deadlineMs === 0) return 0;
  const ends = [ttlMs, deadlineMs > 0 ? deadlineMs - now.wallMs : 0].filter((ms) => ms > 0);
  return now.monoMs + Math.min(...ends);
}
