// Idempotency keys: which message each key of a sender made, so that a send that is repeated is
// one message (M5). Folded, so that it holds over restarts of the sender and of the kernel.
//   M5. The same key with another message is a `conflict`. Per sender the oldest keys are
//       forgotten; a key that was forgotten is a new one. They go with their sender.

import { KernelError } from '../errors.ts';
import type { BodyOf, Once } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import type { MessageId, Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { fingerprint } from './fingerprint.ts';

export interface Used {
  readonly message: MessageId;
  readonly print: string;
}

/** Of one sender: key, message, print; the oldest first. */
export type KeysImage = readonly [Pid, readonly (readonly [string, MessageId, string])[]];

export class SentKeys {
  readonly #bySender = new Map<Pid, Map<string, Used>>();

  handlers(): Handlers {
    return {
      'message.sent': ({ body }) => this.#sent(body),
      'queue.sent': ({ body }) => this.#sent(body),
      'process.gone': ({ body: { pid } }) => void this.#bySender.delete(pid),
      'process.start_failed': ({ body: { pid } }) => void this.#bySender.delete(pid),
      'process.removed': ({ body: { pid } }) => void this.#bySender.delete(pid),
    };
  }

  /** The message that this key made; undefined: none. Throws `conflict`. */
  find(sender: Pid, { key, print }: Once): MessageId | undefined {
    const used = this.#bySender.get(sender)?.get(key);
    if (used === undefined || used.print === print) return used?.message;
    throw new KernelError(
      'conflict',
      `The idempotency key "${key}" was used for another message (M5): it names one message, ` +
        'with its receiver, type and payload.',
      { details: { field: 'idempotency_key' } },
    );
  }

  /** Also at a restore. */
  note(sender: Pid, key: string, used: Used): void {
    let keys = this.#bySender.get(sender);
    if (keys === undefined) {
      keys = new Map();
      this.#bySender.set(sender, keys);
    }
    keys.set(key, used);
    if (keys.size <= LIMITS.idempotencyKeysPerSenderMax) return;
    const [oldest] = keys.keys();
    if (oldest !== undefined) keys.delete(oldest);
  }

  image(): KeysImage[] {
    const all = [...this.#bySender].map(([pid, keys]): KeysImage => {
      return [pid, [...keys].map(([key, { message, print }]) => [key, message, print] as const)];
    });
    return all.sort(([a], [b]) => a - b);
  }

  #sent({ once, message, from }: BodyOf<'message.sent'> | BodyOf<'queue.sent'>): void {
    if (once !== undefined) this.note(from, once.key, { message, print: once.print });
  }
}

/** `to` is the receiver as the sender names it. */
export function onceOf(
  key: string,
  sent: { to: string; type: string; replyTo: string; content: { bytes: number; hash?: string } },
): Once {
  return { key, print: fingerprint(JSON.stringify(sent)) };
}
