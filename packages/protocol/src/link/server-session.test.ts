// ServerSession held to the wire: a client spoken by hand sends what a good, a broken and a hostile
// one would.
import { describe, expect, it } from 'vitest';
import { settle } from '../../test/async-queue.ts';
import { GREETING, SessionEnd, never } from '../../test/link-pair.ts';
import { RawClient, infoCall } from '../../test/raw-peer.ts';
import { Call } from '../gen/link.ts';
import type { ClientFrame } from '../gen/link.ts';
import { make } from '../make.ts';
import { agent } from '../index.ts';
import { encodeFrame } from './frame-codec.ts';
import { readHello } from './handshake.ts';
import { memoryStreamPair } from './memory-stream.ts';
import type { MemoryStream } from './memory-stream.ts';
import { encodeMessage } from './message-codec.ts';
import { LINK_LIMITS } from './link-limits.ts';

interface World {
  readonly end: SessionEnd;
  readonly client: RawClient;
  readonly serverStream: MemoryStream;
  cut(): void;
}

async function connect(end = new SessionEnd(), first: Partial<ClientFrame> = {}): Promise<World> {
  const { a, b, cut } = memoryStreamPair();
  const client = new RawClient(a);
  client.hello({}, first);
  end.session.attach(await readHello(b, { signal: never }), GREETING);
  const hello = await client.frames.next();
  expect(hello.hello).toMatchObject({ bootId: 'boot-1', resumeSecret: 'secret' });
  return { end, client, serverStream: b, cut };
}

const DONE = { $case: 'done', value: {} } as const;

describe('ServerSession calls', () => {
  it('hands each call on once, in order, and gathers a turn of replies in one frame', async () => {
    const { end, client } = await connect();
    client.send({ calls: [infoCall(1), infoCall(2), infoCall(5)] });
    const calls = await end.calls.take(3);
    expect(calls.map((call) => call.id)).toEqual([1, 2, 5]);
    for (const call of calls.toReversed()) call.reply(DONE);
    const frame = await client.frames.next();
    expect(frame.replies.map(({ id, seq }) => [id, seq])).toEqual([
      [5, 1],
      [2, 2],
      [1, 3],
    ]);
  });

  it('takes calls that came in the frame of Hello', async () => {
    const { end } = await connect(new SessionEnd(), { calls: [infoCall(1)] });
    expect((await end.calls.next()).id).toBe(1);
  });

  it('gives a repeated call the reply that it kept, and runs it once', async () => {
    const { end, client } = await connect();
    client.send({ calls: [infoCall(1)] });
    (await end.calls.next()).reply({ $case: 'send', value: make(agent.SendMessageResponse, {}) });
    const [first] = await client.replies(1);
    client.send({ calls: [infoCall(1)] });
    expect(await client.replies(1)).toEqual([first]);
    expect(end.calls.size).toBe(0);
  });

  it('answers a call once that was repeated while its reply is owed', async () => {
    const { end, client } = await connect();
    client.send({ calls: [infoCall(1)] });
    client.send({ calls: [infoCall(1), infoCall(2)] });
    const calls = await end.calls.take(2);
    for (const call of calls) call.reply(DONE);
    expect((await client.replies(2)).map((reply) => reply.id)).toEqual([1, 2]);
    await settle();
    expect(client.frames.size).toBe(0);
  });

  it('refuses an id that was used for another call, and still answers the first', async () => {
    const { end, client } = await connect();
    client.send({ calls: [infoCall(1)] });
    const call = await end.calls.next();
    client.send({ calls: [{ ...infoCall(1), taskId: 't9' }] });
    const [refusal] = await client.replies(1);
    expect(refusal).toMatchObject({ id: 1, body: { value: { code: 'conflict' } } });
    call.reply(DONE);
    expect(await client.replies(1)).toMatchObject([{ id: 1, body: DONE }]);
  });

  it('refuses an id whose reply was acknowledged and forgotten', async () => {
    const { end, client } = await connect();
    client.send({ calls: [infoCall(1)] });
    (await end.calls.next()).reply(DONE);
    await client.replies(1);
    client.send({ ack: 1, calls: [infoCall(1)] });
    const [refusal] = await client.replies(1);
    expect(refusal).toMatchObject({ id: 1, seq: 2, body: { value: { code: 'conflict' } } });
  });

  it('refuses a pid that is not of the session', async () => {
    const { end, client } = await connect();
    client.send({ calls: [infoCall(1, 8)] });
    const [refusal] = await client.replies(1);
    expect(refusal).toMatchObject({ id: 1, body: { value: { code: 'permission_denied' } } });
    expect(end.calls.size).toBe(0);
  });

  it('refuses a call without a body, and one with a number over 2^53', async () => {
    const { client } = await connect();
    client.send({ calls: [{ id: 1, pid: 7, taskId: '', body: undefined }, infoCall(2, 2 ** 60)] });
    const code = { value: { code: 'invalid_argument' } };
    expect(await client.replies(2)).toMatchObject([
      { id: 1, body: code },
      { id: 2, body: code },
    ]);
  });

  it('replies `too_large` for what no frame can hold', async () => {
    const { end, client } = await connect();
    client.send({ calls: [infoCall(1)] });
    const content = new Uint8Array(LINK_LIMITS.frameBytesMax);
    const value = make(agent.GetArtifactResponse, { found: true, content });
    (await end.calls.next()).reply({ $case: 'getArtifact', value });
    expect(await client.replies(1)).toMatchObject([{ body: { value: { code: 'too_large' } } }]);
  });

  it('ignores a second reply to a call', async () => {
    const { end, client } = await connect();
    client.send({ calls: [infoCall(1)] });
    const call = await end.calls.next();
    call.reply(DONE);
    call.fail('internal', 'too late');
    expect(await client.replies(1)).toMatchObject([{ body: DONE }]);
    await settle();
    expect(client.frames.size).toBe(0);
  });
});

describe('ServerSession cancel', () => {
  const cancel = (id: number, callId: number, pid = 7): Call => {
    return { id, pid, taskId: '', body: { $case: 'cancel', value: { callId } } };
  };

  it('tells the daemon of an open call that is given up, and answers the cancel', async () => {
    const { end, client } = await connect();
    client.send({ calls: [infoCall(1), cancel(2, 1), cancel(3, 99)] });
    const call = await end.cancelled.next();
    expect([call.id, call.isOpen, call.isCancelled]).toEqual([1, true, true]);
    call.fail('cancelled', 'as asked');
    const replies = await client.replies(3);
    expect(replies.map((reply) => [reply.id, reply.body?.$case])).toEqual([
      [2, 'done'],
      [3, 'done'],
      [1, 'error'],
    ]);
    expect(end.cancelled.size).toBe(0);
  });

  it('refuses to cancel the call of another pid', async () => {
    const { client, end } = await connect(new SessionEnd({ pids: [7, 8] }));
    client.send({ calls: [infoCall(1), cancel(2, 1, 8)] });
    expect(await client.replies(1)).toMatchObject([
      { id: 2, body: { value: { code: 'permission_denied' } } },
    ]);
    expect(end.cancelled.size).toBe(0);
  });
});

describe('ServerSession garbage', () => {
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['an impossible length', new TextEncoder().encode('garbage!')],
    ['a frame that is no message', encodeFrame(new Uint8Array([7, 7, 7]))],
    ['a field that runs over its frame', encodeFrame(new Uint8Array([26, 100, 8]))],
    ['a call without an id', encodeFrame(new Uint8Array([26, 2, 16, 7]))],
    ['a call that runs over its field', encodeFrame(new Uint8Array([26, 2, 26, 9, 34, 0]))],
    ['an acknowledgement of what was never sent', encodeFrame(new Uint8Array([8, 9]))],
    ['a second Hello', encodeFrame(new Uint8Array([18, 0]))],
    ['an answer that cannot be read', encodeFrame(new Uint8Array([34, 2, 8, 255]))],
  ];
  for (const [what, bytes] of cases) {
    it(`reports ${what}, once, and reads no more`, async () => {
      const { end, client } = await connect();
      client.stream.write(bytes);
      expect((await end.garbage.next()).name).toBe('LinkProtocolError');
      client.send({ calls: [infoCall(1)] });
      client.stream.write(bytes);
      await settle();
      expect([end.calls.size, end.garbage.size]).toEqual([0, 0]);
      end.session.close({ code: 'invalid_argument', message: 'garbage', details: {} });
      expect(await client.frames.next()).toMatchObject({ error: { code: 'invalid_argument' } });
      await client.ended;
    });
  }

  it('skips fields that a later version may send', async () => {
    const { end, client } = await connect();
    const call = encodeMessage(Call, infoCall(1));
    const message = new Uint8Array([0xb8, 6, 1, 0xc2, 6, 1, 0, 26, call.length, ...call]);
    client.stream.write(encodeFrame(message));
    expect((await end.calls.next()).id).toBe(1);
  });
});

describe('ServerSession back-pressure', () => {
  const many = (from: number, count: number): Call[] => {
    return Array.from({ length: count }, (_, i) => infoCall(from + i));
  };

  it('takes in no call beyond 4,096 unacknowledged replies', async () => {
    const taken: number[] = [];
    const end = new SessionEnd({
      onCall: (call) => {
        taken.push(call.id);
        call.reply(DONE);
      },
    });
    const { client } = await connect(end);
    client.send({ calls: many(1, 5_000) });
    await client.replies(LINK_LIMITS.unacknowledgedRepliesMax);
    await settle();
    expect(taken).toHaveLength(4_096);
    expect(end.holds).toEqual(['held']);
    client.send({ ack: 100 });
    await client.replies(100);
    expect(taken).toHaveLength(4_196);
    client.send({ ack: 4_196 });
    await client.replies(5_000 - 4_196);
    expect(taken).toEqual(Array.from({ length: 5_000 }, (_, i) => i + 1));
    expect(end.holds).toEqual(['held', 'released']);
  });

  it('goes on to take answers while calls wait', async () => {
    const { client, end } = await connect(new SessionEnd({ onCall: (call) => call.reply(DONE) }));
    client.send({ calls: many(1, 4_200) });
    await client.replies(4_096);
    const answer = end.session.request('heartbeat', { timestamp: 5 }, { pid: 7 });
    const { requests } = await client.frames.next();
    expect(requests).toMatchObject([{ id: 1, pid: 7, body: { $case: 'heartbeat' } }]);
    const value = make(agent.HeartbeatResponse, { currentTaskId: 't1' });
    client.send({ answers: [{ id: 1, pid: 7, body: { $case: 'heartbeat', value } }] });
    expect((await answer).currentTaskId).toBe('t1');
  });

  it('stops reading when too much waits; the acknowledgement of a reconnect frees it', async () => {
    const end = new SessionEnd({ onCall: (call) => call.reply(DONE) });
    const { client, serverStream } = await connect(end);
    client.send({ calls: many(1, 4_096) });
    await client.replies(4_096);
    const value = make(agent.SendMessageRequest, { payload: new Uint8Array(8 * 1024 * 1024) });
    for (let id = 5_001; id <= 5_008; id += 1) {
      client.send({ calls: [{ id, pid: 7, taskId: '', body: { $case: 'send', value } }] });
    }
    await settle();
    expect(serverStream.unreadBytes).toBeGreaterThan(value.payload.length);
    expect(end.session.lastCallId).toBe(4_096);
    const second = await connect(end, { ack: 4_096, calls: [infoCall(5_001)] });
    expect(await second.client.replies(1)).toMatchObject([{ id: 5_001, seq: 4_097 }]);
    expect(end.holds).toEqual(['held', 'released']);
  });

  it('gives streams a smaller window than calls, and says when there is room', async () => {
    const { client, end } = await connect();
    client.send({ calls: [infoCall(1)] });
    const call = await end.calls.next();
    const item = { $case: 'followItem', value: { event: undefined, raw: 'x', mark: '' } } as const;
    let pushed = 0;
    while (call.push(item)) pushed += 1;
    expect(pushed + 1).toBe(LINK_LIMITS.streamWindowReplies);
    const drained = call.drained();
    client.send({ ack: 0, calls: [infoCall(2)] });
    (await end.calls.next()).reply(DONE);
    await client.replies(pushed + 2);
    client.send({ ack: 1_024 });
    await drained;
    expect(call.push(item)).toBe(true);
  });

  it('wakes a stream that waits for room when it is cancelled', async () => {
    const { client, end } = await connect();
    client.send({ calls: [infoCall(1)] });
    const call = await end.calls.next();
    while (call.push(DONE));
    const drained = call.drained();
    client.send({
      calls: [{ id: 2, pid: 7, taskId: '', body: { $case: 'cancel', value: { callId: 1 } } }],
    });
    await drained;
    expect(call.isCancelled).toBe(true);
  });
});

describe('ServerSession.attach()', () => {
  it('sends again what was not acknowledged, and nothing else', async () => {
    const end = new SessionEnd();
    const first = await connect(end);
    first.client.send({ calls: [infoCall(1), infoCall(2), infoCall(3)] });
    const calls = await end.calls.take(3);
    calls[0]!.reply(DONE);
    calls[1]!.reply(DONE);
    await first.client.replies(2);
    first.cut();
    await end.detached.next();
    calls[2]!.reply(DONE);
    const second = await connect(end, { ack: 1 });
    const replies = await second.client.replies(2);
    expect(replies.map(({ id, seq }) => [id, seq])).toEqual([
      [2, 2],
      [3, 3],
    ]);
  });

  it('sends unanswered requests again, those that were given up not', async () => {
    const end = new SessionEnd();
    const first = await connect(end);
    const giveUp = new AbortController();
    const kept = end.session.request('heartbeat', { timestamp: 1 }, { pid: 7 });
    const dropped = end.session.request(
      'heartbeat',
      { timestamp: 2 },
      { pid: 7, signal: giveUp.signal },
    );
    await first.client.frames.next();
    first.cut();
    await end.detached.next();
    giveUp.abort();
    await expect(dropped).rejects.toMatchObject({ code: 'cancelled' });
    const second = await connect(end);
    const { requests } = await second.client.frames.next();
    expect(requests.map((request) => request.id)).toEqual([1]);
    const value = make(agent.HeartbeatResponse, { tokensConsumed: 3 });
    second.client.send({ answers: [{ id: 1, pid: 7, body: { $case: 'heartbeat', value } }] });
    expect((await kept).tokensConsumed).toBe(3);
  });

  it('tells the highest call id that it has seen', async () => {
    const end = new SessionEnd();
    const first = await connect(end);
    first.client.send({ calls: [infoCall(41)] });
    await end.calls.next();
    const { a, b } = memoryStreamPair();
    const client = new RawClient(a);
    client.hello();
    end.session.attach(await readHello(b, { signal: never }), GREETING);
    expect((await client.frames.next()).hello?.lastCallId).toBe(41);
    await first.client.ended;
  });

  it('bears an acknowledgement in the first frame that speaks of an earlier session', async () => {
    const { end, client } = await connect(new SessionEnd(), { ack: 900 });
    client.send({ calls: [infoCall(1)] });
    (await end.calls.next()).reply(DONE);
    expect((await client.replies(1))[0]!.seq).toBe(1);
  });

  it('refuses a connection after close()', async () => {
    const end = new SessionEnd();
    end.session.close();
    const { a, b } = memoryStreamPair();
    const client = new RawClient(a);
    client.hello();
    end.session.attach(await readHello(b, { signal: never }), GREETING);
    expect(await client.frames.next()).toMatchObject({ error: { code: 'unavailable' } });
    await client.ended;
  });
});

describe('ServerSession.request()', () => {
  it('reports answers to nothing that waits, and settles each request once', async () => {
    const { end, client } = await connect(new SessionEnd({ pids: [7, 8] }));
    const answer = end.session.request('interrupt', { taskId: 't1', reason: '' }, { pid: 7 });
    await client.frames.next();
    const interrupt = { $case: 'interrupt', value: make(agent.InterruptResponse, {}) } as const;
    const heartbeat = { $case: 'heartbeat', value: make(agent.HeartbeatResponse, {}) } as const;
    client.send({
      answers: [
        { id: 99, pid: 7, body: interrupt },
        { id: 1, pid: 8, body: interrupt },
        { id: 1, pid: 7, body: heartbeat },
        { id: 1, pid: 7, body: interrupt },
        { id: 1, pid: 7, body: interrupt },
      ],
    });
    await answer;
    const strays = await end.strays.take(4);
    expect(strays.map((stray) => [stray.id, stray.pid])).toEqual([
      [99, 7],
      [1, 8],
      [1, 7],
      [1, 7],
    ]);
  });

  it('rejects with what the process answered, and on an empty answer', async () => {
    const { end, client } = await connect();
    const request = () => end.session.request('heartbeat', { timestamp: 1 }, { pid: 7 });
    const asked = [request(), request()];
    await client.frames.next();
    const error = { code: 'wrong_state', message: 'not now', details: { a: 'b' } };
    client.send({
      answers: [
        { id: 1, pid: 7, body: { $case: 'error', value: error } },
        { id: 2, pid: 7, body: undefined },
      ],
    });
    await expect(asked[0]).rejects.toMatchObject(error);
    await expect(asked[1]).rejects.toMatchObject({ code: 'internal' });
  });

  it('rejects with `timed_out` when the signal is a timeout', async () => {
    const { end } = await connect();
    const signal = AbortSignal.timeout(1);
    const request = end.session.request('heartbeat', { timestamp: 1 }, { pid: 7, signal });
    await expect(request).rejects.toMatchObject({ code: 'timed_out' });
    expect(end.session.openRequests).toBe(0);
  });
});

describe('ServerSession.close()', () => {
  it('sends what is gathered, rejects requests, abandons calls, and is deaf then', async () => {
    const { end, client } = await connect();
    const request = end.session.request('heartbeat', { timestamp: 1 }, { pid: 7 });
    client.send({ calls: [infoCall(1), infoCall(2)] });
    const [answered, owed] = await end.calls.take(2);
    answered!.reply(DONE);
    end.session.close();
    await expect(request).rejects.toMatchObject({ code: 'unavailable' });
    expect(await client.replies(1)).toMatchObject([{ id: 1 }]);
    await client.ended;
    expect(owed!.isOpen).toBe(false);
    owed!.reply(DONE);
    end.session.close();
    await expect(
      end.session.request('heartbeat', { timestamp: 1 }, { pid: 7 }),
    ).rejects.toMatchObject({ code: 'unavailable' });
    expect(end.detached.size).toBe(0);
  });
});

describe('readHello()', () => {
  const hellos: readonly (readonly [string, (client: RawClient) => void])[] = [
    ['a frame without Hello', (client) => client.send({ calls: [infoCall(1)] })],
    ['another version', (client) => client.hello({ version: 2 })],
    ['garbage', (client) => client.stream.write(new Uint8Array([255, 255, 255, 255]))],
    [
      'a frame that is no message',
      (client) => client.stream.write(encodeFrame(new Uint8Array([7]))),
    ],
  ];
  for (const [what, say] of hellos) {
    it(`refuses ${what} with a reason`, async () => {
      const { a, b } = memoryStreamPair();
      const client = new RawClient(a);
      const hello = readHello(b, { signal: never });
      say(client);
      await expect(hello).rejects.toMatchObject({ name: 'LinkProtocolError' });
      expect(await client.frames.next()).toMatchObject({ error: { code: 'invalid_argument' } });
      await client.ended;
    });
  }

  it('gives up when the signal aborts, or the connection ends', async () => {
    const silent = memoryStreamPair();
    const timeout = readHello(silent.b, { signal: AbortSignal.abort() });
    await expect(timeout).rejects.toThrow('no Hello in time');
    const gone = memoryStreamPair();
    const ended = readHello(gone.b, { signal: never });
    gone.a.end();
    await expect(ended).rejects.toThrow('ended before Hello');
  });

  it('hands on why a connection was refused', async () => {
    const { a, b } = memoryStreamPair();
    const client = new RawClient(a);
    client.hello({ startToken: 'used' });
    const link = await readHello(b, { signal: never });
    expect(link.hello.startToken).toBe('used');
    link.refuse({ code: 'unauthenticated', message: 'the token was used', details: {} });
    expect(await client.frames.next()).toMatchObject({ error: { code: 'unauthenticated' } });
  });
});
