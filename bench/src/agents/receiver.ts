// The other end of `send`: confirms each batch, and tells a timed message's age. The clock of both
// is the machine's monotonic one, which all processes share.

import { Agent, type Message, type MessageOutcome } from '@hivekernel/sdk';
import { BATCH_MESSAGES } from './sender.ts';

const NS_PER_MS = 1e6;

export default class Receiver extends Agent {
  #count = 0;

  override onMessage(message: Message): MessageOutcome {
    if (message.type === 'timed') {
      const ageNs = process.hrtime.bigint() - BigInt(message.text());
      return { reply: String(Number(ageNs) / NS_PER_MS) };
    }
    this.#count += 1;
    return this.#count % BATCH_MESSAGES === 0 ? { reply: 'batch' } : undefined;
  }
}
