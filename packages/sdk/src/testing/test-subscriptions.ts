// The subscriptions of the test kernel: who takes from where, and the takes that wait. It keeps the
// kernel's rules, as pipes do, since who uses a queue must live with them; what waits where is in
// test-queues.ts and test-topics.ts. What the kernel bounds in number and bytes has no bound here.
//   M9. What is in hand and has no word on it goes back at the end.
import type { agent as wire } from '@hivekernel/protocol';
import { HiveError } from '../hive-error.ts';
import type { CallValue, ReplyValueOf } from '../kernel-port.ts';

/** Where one subscription takes from; those of one place share its `source`. */
export interface TestFeed {
  readonly source: object;
  /** In its hand from now on. */
  next(): wire.AgentMessage | undefined;
  /** False: it has none such in hand. */
  settle(word: Word): boolean;
  /** `isLost`: not by its own word. */
  close(isLost: boolean): void;
}

export interface Word {
  readonly messageId: string;
  readonly status: wire.AckStatus;
  readonly reply: string;
}

/** Who calls, and when the call is given up. */
export interface By {
  readonly pid: number;
  readonly cancelled: AbortSignal;
}

interface Opened {
  readonly owner: number;
  readonly feed: TestFeed;
  take: Waiting | undefined;
}

interface Waiting {
  readonly max: number;
  readonly messages: wire.AgentMessage[];
  answer(): void;
  refuse(error: HiveError): void;
}

const HELD_MAX = 64;
const ACCEPTED: wire.AckStatus = 0;

export class TestSubscriptions {
  /** Those whose takes wait come in the order of their turn. */
  readonly #byId = new Map<number, Opened>();
  readonly #turns = new Set<Opened>();
  #lastId = 0;

  open(owner: number, feed: TestFeed): ReplyValueOf<'subscribe'> {
    this.#lastId += 1;
    this.#byId.set(this.#lastId, { owner, feed, take: undefined });
    return { subscription: this.#lastId };
  }

  take(call: CallValue<'take'>, by: By): Promise<ReplyValueOf<'take'>> {
    const opened = this.#require(call.subscription, by);
    for (const messageId of call.acceptedIds) {
      opened.feed.settle({ messageId, status: ACCEPTED, reply: '' });
    }
    if (opened.take !== undefined) throw new HiveError('conflict', 'Another take waits already.');
    return new Promise((resolve, reject) => {
      const { timeoutMs, max } = call;
      const over = (then: () => void): void => {
        if (opened.take !== take) return;
        clearTimeout(timer);
        opened.take = undefined;
        this.#turns.delete(opened);
        then();
      };
      const take: Waiting = {
        max: max === 0 ? HELD_MAX : Math.min(max, HELD_MAX),
        messages: [],
        answer: () => over(() => resolve({ messages: take.messages })),
        refuse: (error) => over(() => reject(error)),
      };
      const timer = timeoutMs === 0 ? undefined : setTimeout(() => take.answer(), timeoutMs);
      const onCancel = (): void => take.refuse(new HiveError('cancelled', 'It was given up.'));
      by.cancelled.addEventListener('abort', onCancel, { once: true });
      opened.take = take;
      this.#turns.add(opened);
      this.stir(opened.feed.source);
    });
  }

  unsubscribe(call: CallValue<'unsubscribe'>, by: By): void {
    this.#require(call.subscription, by);
    this.#end(call.subscription, { isLost: false });
  }

  acknowledge(word: CallValue<'acknowledge'>, { pid }: By): void {
    const own = [...this.#byId.values()].filter(({ owner }) => owner === pid);
    if (own.some(({ feed }) => feed.settle(word))) return;
    throw new HiveError('not_found', `You have no message ${word.messageId} in hand.`);
  }

  /** A run of it is over. */
  endAllOf(pid: number): void {
    for (const [id, { owner }] of this.#byId) if (owner === pid) this.#end(id, { isLost: true });
  }

  /** Something may be taken from it: one message each in turn, then the answers. */
  stir(source: object): void {
    const takes = [...this.#turns].filter(({ feed }) => feed.source === source);
    let round = takes;
    while (round.length > 0) round = round.filter(handOne);
    for (const { take } of takes) if (take !== undefined && take.messages.length > 0) take.answer();
  }

  #require(id: number, { pid }: By): Opened {
    const opened = this.#byId.get(id);
    if (opened?.owner === pid) return opened;
    throw new HiveError('not_found', `There is no subscription ${id} of yours, or it is over.`);
  }

  #end(id: number, how: { readonly isLost: boolean }): void {
    const { feed, take } = this.#byId.get(id) as Opened;
    this.#byId.delete(id);
    take?.refuse(new HiveError('cancelled', 'The subscription is over.'));
    feed.close(how.isLost);
    this.stir(feed.source);
  }
}

function handOne({ feed, take }: Opened): boolean {
  if (take === undefined || take.messages.length >= take.max) return false;
  const message = feed.next();
  if (message === undefined) return false;
  take.messages.push(message);
  return true;
}

/** `x*`: all types that begin so. */
export function isType(wanted: string, type: string): boolean {
  if (wanted.endsWith('*')) return type.startsWith(wanted.slice(0, -1));
  return wanted === '' || wanted === type;
}
