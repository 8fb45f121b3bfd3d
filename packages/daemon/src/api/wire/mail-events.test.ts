import { describe, expect, it } from 'vitest';
import { asMessageId, asPid, contentOfText } from '@hivekernel/kernel';
import type { BodyOf, Event, EventKind } from '@hivekernel/kernel';
import { toProcessEvents } from './events.ts';
import type { EventSource, ProcessEvent } from './teller.ts';

const SOURCE: EventSource = {
  host: { bytes: () => Promise.resolve(Buffer.from('from the store')) },
  nameOf: (pid) => `name-${pid}`,
};

async function told<K extends EventKind>(kind: K, body: BodyOf<K>): Promise<ProcessEvent[]> {
  const event = { seq: 5, wallMs: 1_000, monoMs: 0, kind, v: 1, by: 4, body };
  return [...(await toProcessEvents(event as unknown as Event, SOURCE))];
}

const PLACE = { user: 'leo', queue: 'jobs' } as const;
const [SENDER, CONSUMER] = [asPid(7), asPid(8)];
const MESSAGE = asMessageId(5);

describe('the events of a named queue on the wire (PROTOCOL §3)', () => {
  it('tell what is sent as message_sent, the queue in the receiver’s place', async () => {
    const payload = '{"trace_id":"t1","trace_span":"s1"}';
    const body = {
      ...PLACE,
      message: MESSAGE,
      from: SENDER,
      fromName: 'lead',
      priority: 1,
      type: 'job',
      content: contentOfText(payload),
      requiresAck: false,
      expiresMonoMs: 0,
      replyTo: 'm3',
      deadlineMs: 99,
      origin: asMessageId(4),
    } as const;
    expect(await told('queue.sent', body)).toMatchObject([
      {
        type: 'message_sent',
        pid: 7,
        ppid: 0,
        name: 'lead',
        role: 'jobs',
        message: 'job',
        replyTo: 'm3',
        payloadPreview: payload,
        traceId: 't1',
        traceSpan: 's1',
        messageId: 'm5',
        fields: { ...PLACE, priority: '1', origin: 'm4', deadline_ms: '99' },
      },
    ]);
  });

  it('tell each that was handled as message_delivered, of consumer and sender', async () => {
    const messages = [MESSAGE, asMessageId(6)];
    const senders = [SENDER, asPid(9)];
    const delivered = { type: 'message_delivered', pid: 8, fields: PLACE };
    expect(await told('queue.acked', { ...PLACE, pid: CONSUMER, messages, senders })).toMatchObject(
      [
        { ...delivered, ppid: 7, messageId: 'm5' },
        { ...delivered, ppid: 9, messageId: 'm6' },
      ],
    );
  });

  it('tell by their own names what was dropped, came back, and was dead', async () => {
    const of = { ...PLACE, pid: CONSUMER, message: MESSAGE, from: SENDER };
    const dropped = { ...of, why: 'rejected', toDeadLetters: true } as const;
    const returned = { ...of, tries: 2, why: 'its consumer is gone' };
    const removed = { ...PLACE, message: MESSAGE, why: 'requeued' } as const;
    const about = { pid: 8, ppid: 7, messageId: 'm5' };
    expect(await told('queue.dropped', dropped)).toMatchObject([
      {
        ...about,
        type: 'queue.dropped',
        fields: { ...PLACE, why: 'rejected', dead_letter: 'true' },
      },
    ]);
    expect(await told('queue.returned', returned)).toMatchObject([
      { ...about, type: 'queue.returned', message: returned.why, fields: { tries: '2' } },
    ]);
    expect(await told('queue.letter_removed', removed)).toMatchObject([
      { pid: 4, messageId: 'm5', type: 'queue.letter_removed', fields: { why: 'requeued' } },
    ]);
  });
});
