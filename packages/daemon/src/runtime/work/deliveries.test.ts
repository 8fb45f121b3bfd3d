import { KernelError, asMessageId, asPid } from '@hivekernel/kernel';
import type { Content, Delivery, Fact } from '@hivekernel/kernel';
import type { agent } from '@hivekernel/protocol';
import { LinkCallError } from '@hivekernel/protocol/link';
import type { AnswerListener } from '@hivekernel/protocol/link';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../journal/host.ts';
import { Warnings } from '../warnings.ts';
import { Deliveries } from './deliveries.ts';
import type { DeliveriesOptions } from './deliveries.ts';

const PID = asPid(7);

function delivery(id: number, content: Content): Delivery {
  return {
    message: asMessageId(id),
    from: asPid(1),
    fromName: 'king',
    relation: 'parent',
    type: 'note',
    priority: 2,
    content,
    requiresAck: false,
    replyTo: '',
    wallMs: 0,
    fromAddress: '/king',
    deadlineMs: 0,
  };
}

const stored = (id: number): Delivery => delivery(id, { bytes: 9_000, hash: `h${id}` });
const inline = (id: number): Delivery => delivery(id, { bytes: 1, inline: 'aQ==' });

/** A host whose store answers what the script says, read by read; then it has everything. */
function ground(...script: ('ok' | KernelError)[]) {
  const facts: Fact[] = [];
  const sent: string[] = [];
  const reads: string[] = [];
  const acked = Promise.withResolvers<Fact>();
  const complete = Promise.withResolvers<readonly string[]>();
  const read = ({ hash = '' }: Content): Promise<Uint8Array> => {
    reads.push(hash);
    const next = script.shift() ?? 'ok';
    return next === 'ok' ? Promise.resolve(new Uint8Array(1)) : Promise.reject(next);
  };
  const host: Pick<Host, 'bytes' | 'content' | 'fact'> = {
    bytes: read,
    content: (bytes) => ({ bytes: bytes.length, inline: '' }),
    fact: (fact) => {
      facts.push(fact);
      if (fact.fact === 'acked') acked.resolve(fact);
    },
  };
  const link = {
    ask: (_kind: string, message: agent.AgentMessage) => {
      sent.push(message.messageId);
      if (sent.length === 3) complete.resolve(sent);
    },
  } as DeliveriesOptions['link'];
  const warnings = new Warnings({ host, pid: PID });
  const pace = { firstMs: 1, maxMs: 4 };
  const deliveries = new Deliveries({
    pid: PID,
    host: host as Host,
    link,
    warnings,
    ackTimeoutMs: 5,
    pace,
  });
  return { deliveries, facts, sent, reads, acked: acked.promise, complete: complete.promise };
}

const busy = () => new KernelError('unavailable', 'The journal is busy.');

describe('Deliveries.take()', () => {
  it('reads again what the store could not give now, and keeps the order (M6)', async () => {
    const { deliveries, facts, sent, reads, complete } = ground(busy(), 'ok', busy(), busy());
    deliveries.take([stored(1), stored(2), inline(3)]);
    expect(sent).toEqual([]);
    expect(await complete).toEqual(['m1', 'm2', 'm3']);
    expect(reads).toEqual(['h1', 'h2', 'h1', 'h1', 'h1']);
    expect(facts.filter(({ fact }) => fact === 'acked')).toEqual([]);
    deliveries.close();
  });

  it('rejects what the store has lost, and goes on', async () => {
    const lost = new KernelError('data_loss', 'The content is gone.');
    const { deliveries, sent, acked } = ground(lost);
    deliveries.take([stored(1), inline(2)]);
    expect(await acked).toMatchObject({ acks: [{ message: 1, status: 'rejected' }] });
    expect(sent).toEqual(['m2']);
    deliveries.close();
  });

  it('reads no more after its close, and acknowledges nothing', async () => {
    const { deliveries, facts, reads } = ground(busy(), busy());
    deliveries.take([stored(1)]);
    await Promise.resolve();
    deliveries.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(reads).toEqual(['h1']);
    expect(facts.filter(({ fact }) => fact === 'acked')).toEqual([]);
  });
});

/** A link whose answers the test gives. */
function answeredByHand(refuses?: Error) {
  const told = Promise.withResolvers<Fact>();
  const facts: Fact[] = [];
  const host: Pick<Host, 'bytes' | 'content' | 'fact'> = {
    bytes: () => Promise.resolve(new Uint8Array(1)),
    content: (bytes) => ({ bytes: bytes.length, inline: '' }),
    fact: (fact) => {
      facts.push(fact);
      if (fact.fact === 'delivery_failed' || fact.fact === 'acked') told.resolve(fact);
    },
  };
  const listeners: AnswerListener<'deliver'>[] = [];
  const link = {
    ask: (_kind: string, _message: agent.AgentMessage, listener: AnswerListener<'deliver'>) => {
      if (refuses !== undefined) throw refuses;
      listeners.push(listener);
    },
  } as unknown as DeliveriesOptions['link'];
  const warnings = new Warnings({ host, pid: PID });
  const options = { pid: PID, host: host as Host, link, warnings, ackTimeoutMs: 1 };
  const deliveries = new Deliveries(options);
  return { deliveries, listeners, facts, told: told.promise };
}

const ack = (messageId: string): agent.MessageAck => ({ messageId, status: 0, reply: '' });

describe('a delivery that ends without a word of the process (M6)', () => {
  it('has failed where the link could not take it', async () => {
    const { deliveries, told } = answeredByHand(new Error('no room'));
    deliveries.take([inline(1), inline(2)]);
    expect(await told).toMatchObject({
      fact: 'delivery_failed',
      pid: PID,
      messages: [1, 2],
      why: 'no room',
    });
    deliveries.close();
  });

  it('has failed where the link no longer knows the answer', async () => {
    const { deliveries, listeners, told } = answeredByHand();
    deliveries.take([inline(1)]);
    listeners[0]?.onFailed(new LinkCallError('unknown_outcome', 'it is not kept'));
    expect(await told).toMatchObject({ fact: 'delivery_failed', messages: [1] });
    deliveries.close();
  });

  it('has failed after the time for an ack, where the answer names another message', async () => {
    const { deliveries, listeners, told } = answeredByHand();
    deliveries.take([inline(1)]);
    listeners[0]?.onAnswer(ack('m77'));
    expect(await told).toMatchObject({ fact: 'delivery_failed', messages: [1] });
    deliveries.close();
  });

  it('is none where the agent threw: that is its word', async () => {
    const { deliveries, listeners, told } = answeredByHand();
    deliveries.take([inline(1)]);
    listeners[0]?.onFailed(new LinkCallError('internal', 'cannot'));
    expect(await told).toMatchObject({ acks: [{ message: 1, status: 'rejected' }] });
    deliveries.close();
  });

  it.each(['m1', ''])('is none where it was acknowledged, as "%s"', async (id) => {
    const { deliveries, listeners, told } = answeredByHand();
    deliveries.take([inline(1)]);
    listeners[0]?.onAnswer(ack(id));
    expect(await told).toMatchObject({ acks: [{ message: 1, status: 'accepted' }] });
    deliveries.close();
  });

  it('is told to nobody after the close', async () => {
    const { deliveries, listeners, facts } = answeredByHand();
    deliveries.take([inline(1), inline(2)]);
    listeners[0]?.onAnswer(ack('m77'));
    listeners[1]?.onFailed(new LinkCallError('unknown_outcome', 'gone'));
    deliveries.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(facts.filter(({ fact }) => fact !== 'log')).toEqual([]);
  });
});
