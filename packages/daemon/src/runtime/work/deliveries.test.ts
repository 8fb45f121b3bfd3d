import { KernelError, asMessageId, asPid } from '@hivekernel/kernel';
import type { Content, Delivery, Fact } from '@hivekernel/kernel';
import type { agent } from '@hivekernel/protocol';
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
