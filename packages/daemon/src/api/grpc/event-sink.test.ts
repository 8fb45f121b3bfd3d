import { core } from '@hivekernel/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FollowItem, ItemForms } from '../events/follow.ts';
import { FOLLOW_LIMITS } from '../events/limits.ts';
import { missedEvent } from '../wire/events.ts';
import { GrpcEventSink } from './event-sink.ts';
import type { MessageBatch } from './message-batches.ts';

let batches: MessageBatch[];
let written: (() => void)[];
let gone: AbortController;
let sink: GrpcEventSink;
beforeEach(() => {
  batches = [];
  written = [];
  gone = new AbortController();
  const write = (batch: MessageBatch, done: () => void): boolean => {
    batches.push(batch);
    written.push(done);
    return true;
  };
  sink = new GrpcEventSink({ write: write as never }, gone.signal);
});

function item(seq: number, message = '', forms?: ItemForms): FollowItem {
  return { event: { ...missedEvent(0, 0), seq, message }, source: undefined, forms };
}

const seqsOf = (batch: MessageBatch | undefined): number[] =>
  (batch ?? []).map((bytes) => core.ProcessEvent.decode(bytes).seq);

describe('GrpcEventSink', () => {
  it('gathers events until they are flushed', () => {
    expect([sink.put(item(1)), sink.put(item(2))]).toEqual([true, true]);
    expect(batches).toEqual([]);
    expect(sink.flush()).toBe(true);
    expect(batches.map(seqsOf)).toEqual([[1, 2]]);
    expect(sink.flush()).toBe(true);
    expect(batches).toHaveLength(1);
  });

  it('sends what came meanwhile when the batch before it is written', () => {
    sink.put(item(1));
    sink.flush();
    sink.put(item(2));
    expect([sink.flush(), batches.length]).toEqual([true, 1]);
    written[0]?.();
    expect(batches.map(seqsOf)).toEqual([[1], [2]]);
  });

  it('has no room beside a batch that is being written and one that is full', async () => {
    const large = 'x'.repeat(FOLLOW_LIMITS.chunkBytesMax);
    expect([sink.put(item(1, large)), sink.put(item(2, large))]).toEqual([true, false]);
    let isDrained = false;
    const drained = sink.drained().then(() => (isDrained = true));
    await Promise.resolve();
    expect([isDrained, batches.length]).toEqual([false, 1]);
    written[0]?.();
    await drained;
    expect(batches.map(seqsOf)).toEqual([[1], [2]]);
  });

  it('waits no longer, and writes no more, when the call is gone', async () => {
    const large = 'x'.repeat(FOLLOW_LIMITS.chunkBytesMax);
    sink.put(item(1, large));
    sink.put(item(2, large));
    const drained = sink.drained();
    gone.abort();
    await drained;
    written[0]?.();
    expect(batches).toHaveLength(1);
  });

  it('lets the rest leave before the end, also behind a batch that is being written', () => {
    sink.put(item(1));
    sink.flush();
    sink.put(item(2));
    sink.close();
    expect(batches.map(seqsOf)).toEqual([[1], [2]]);
  });

  it('encodes what is live once for all who follow it', () => {
    const forms: ItemForms = { texts: new Map() };
    sink.put(item(1, 'live', forms));
    sink.put(item(1, 'live', forms));
    sink.flush();
    expect(batches[0]?.[0]).toBe(forms.wire);
    expect(batches[0]?.[1]).toBe(forms.wire);
  });
});
