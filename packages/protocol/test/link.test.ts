// Both ends of the link together: what is called takes effect once and is answered once, whatever
// the connection does; and over real sockets.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinkCaller, LinkProtocolError, readHello, socketStream } from '../src/link/index.ts';
import type { AnswerBody } from '../src/link/index.ts';
import { agent, link, make } from '../src/index.ts';
import { settle } from './async-queue.ts';
import { GREETING, LinkPair, SessionEnd } from './link-pair.ts';

const sent = (messageId: string) => {
  const value = make(agent.SendMessageResponse, { delivered: true, messageId });
  return { $case: 'send', value } as const;
};

describe('LinkCaller and ServerSession', () => {
  it('take each call once and answer each once, over connections that break anywhere', async () => {
    const steps = fc.array(fc.constantFrom('call', 'answer', 'cut', 'turn', 'burst'), {
      minLength: 5,
      maxLength: 60,
    });
    await fc.assert(fc.asyncProperty(steps, playCalls), { numRuns: 150 });
  });

  async function playCalls(steps: readonly string[]): Promise<void> {
    const effects: number[] = [];
    const pair = new LinkPair();
    const results: Promise<string>[] = [];
    const call = (): void => {
      const value = make(agent.SendMessageRequest, { toPid: 9, type: `c${results.length}` });
      results.push(pair.caller.call('send', value).then((reply) => reply.messageId));
    };
    const answerAll = async (): Promise<void> => {
      while (pair.end.calls.size > 0) {
        const incoming = await pair.end.calls.next();
        effects.push(incoming.id);
        if (incoming.body.$case === 'send') incoming.reply(sent(incoming.body.value.type));
      }
    };
    await pair.connect();
    for (const step of steps) {
      if (step === 'call') call();
      if (step === 'burst') for (let i = 0; i < 300; i += 1) call();
      if (step === 'answer') await answerAll();
      if (step === 'turn') await settle(2);
      if (step === 'cut') {
        pair.wire.cut();
        await pair.connect();
      }
    }
    for (let i = 0; i < 50 && pair.caller.openCalls > 0; i += 1) {
      await settle(2);
      await answerAll();
    }
    expect(await Promise.all(results)).toEqual(results.map((_, i) => `c${i}`));
    expect(effects).toEqual(results.map((_, i) => i + 1));
    pair.caller.close();
    pair.end.session.close();
  }

  it('ask each request once and settle it once, over connections that break anywhere', async () => {
    const steps = fc.array(fc.constantFrom('ask', 'answer', 'cut', 'turn'), { maxLength: 60 });
    await fc.assert(fc.asyncProperty(steps, playRequests), { numRuns: 150 });
  });

  async function playRequests(steps: readonly string[]): Promise<void> {
    const waiting: (() => void)[] = [];
    const seen: number[] = [];
    const pair = new LinkPair({
      onRequest: async ({ body }) => {
        if (body.$case !== 'heartbeat') throw new Error('not asked here');
        seen.push(body.value.timestamp);
        await new Promise<void>((resolve) => void waiting.push(resolve));
        const value = make(agent.HeartbeatResponse, { tokensConsumed: body.value.timestamp });
        return { $case: 'heartbeat', value };
      },
    });
    await pair.connect();
    const results: Promise<number>[] = [];
    for (const step of steps) {
      if (step === 'ask') {
        const request = { timestamp: results.length };
        const answer = pair.end.session.request('heartbeat', request, { pid: 7 });
        results.push(answer.then((value) => value.tokensConsumed));
      }
      if (step === 'answer') waiting.shift()?.();
      if (step === 'turn') await settle(2);
      if (step === 'cut') {
        pair.wire.cut();
        await pair.connect();
      }
    }
    for (let i = 0; i < 50 && pair.end.session.openRequests > 0; i += 1) {
      await settle(2);
      for (const answer of waiting.splice(0)) answer();
    }
    expect(await Promise.all(results)).toEqual(results.map((_, i) => i));
    expect(seen).toEqual(results.map((_, i) => i));
    expect(pair.end.strays.size).toBe(0);
    pair.caller.close();
    pair.end.session.close();
  }

  it('ask what a process knows of itself, and take only an answer of that kind', async () => {
    const heartbeat = make(agent.HeartbeatResponse, {});
    let answer: AnswerBody = { $case: 'heartbeat', value: heartbeat };
    const pair = new LinkPair({
      onRequest: ({ body }) => {
        expect(body).toEqual({ $case: 'dump', value: {} });
        return answer;
      },
    });
    await pair.connect();
    const { session, strays } = pair.end;
    const signal = AbortSignal.timeout(5_000);
    const first = session.request('dump', {}, { pid: 7, signal });
    expect((await strays.next()).body).toEqual(answer);
    answer = { $case: 'dump', value: { json: '{"tasks":["t4"]}' } };
    expect(await session.request('dump', {}, { pid: 7, signal })).toEqual(answer.value);
    session.close();
    await expect(first).rejects.toMatchObject({ code: 'unavailable' });
    pair.caller.close();
  });

  it('follow a long stream slowly, nothing lost, while other calls get through', async () => {
    const pair = new LinkPair();
    await pair.connect();
    const total = 5_000;
    const follow = pair.caller.stream(
      'followEvents',
      make(link.FollowEventsCall, { follow: false }),
    );
    const source = await pair.end.calls.next();
    const pump = async (): Promise<void> => {
      for (let i = 0; i < total && source.isOpen; i += 1) {
        const value = { event: undefined, raw: String(i), mark: '' };
        if (!source.push({ $case: 'followItem', value })) await source.drained();
      }
      source.reply({ $case: 'done', value: {} });
    };
    const pumped = pump();
    await settle();
    expect(pair.end.session.unacknowledgedReplies).toBeLessThan(2_000);
    const beside = pair.caller.call('send', make(agent.SendMessageRequest, {}));
    (await pair.end.calls.next()).reply(sent('m1'));
    expect((await beside).messageId).toBe('m1');
    let next = 0;
    for await (const { raw } of follow) {
      expect(raw).toBe(String(next));
      next += 1;
    }
    await pumped;
    expect(next).toBe(total);
  });

  it('resume a stream after a cut without a gap or a repeat', async () => {
    const pair = new LinkPair();
    await pair.connect();
    const follow = pair.caller.stream(
      'followEvents',
      make(link.FollowEventsCall, { follow: true }),
    );
    const source = await pair.end.calls.next();
    const push = (raw: string): boolean =>
      source.push({ $case: 'followItem', value: { event: undefined, raw, mark: '' } });
    push('0');
    expect((await follow.next()).value?.raw).toBe('0');
    push('1');
    pair.wire.cut();
    push('2');
    await pair.connect();
    push('3');
    source.reply({ $case: 'done', value: {} });
    const rest: string[] = [];
    for await (const { raw } of follow) rest.push(raw);
    expect(rest).toEqual(['1', '2', '3']);
  });

  it('carry 100,000 calls made at once', async () => {
    const pair = new LinkPair({
      onCall: (call) => call.reply(sent(String(call.id))),
    });
    await pair.connect();
    const value = make(agent.SendMessageRequest, { toPid: 9 });
    const calls = Array.from({ length: 100_000 }, () => pair.caller.call('send', value));
    const replies = await Promise.all(calls);
    expect(replies.every((reply, i) => reply.messageId === String(i + 1))).toBe(true);
    pair.caller.close();
  });
});

describe('socketStream()', () => {
  async function serve(end: SessionEnd, onRefused: (error: LinkProtocolError) => void) {
    const server = createServer((socket) => {
      void readHello(socketStream(socket), { signal: AbortSignal.timeout(5_000) }).then(
        (link) => end.session.attach(link, GREETING),
        onRefused,
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const dial = () => socketStream(connect(port, '127.0.0.1'));
    return { dial, [Symbol.asyncDispose]: async () => void (await once(server.close(), 'close')) };
  }

  it('carries calls, a 16 MiB artifact, and the end, over TCP', async () => {
    const end = new SessionEnd({
      onCall: (call) => {
        if (call.body.$case !== 'store') return call.fail('unimplemented', 'only store');
        const { length } = call.body.value.content;
        const value = make(agent.StoreArtifactResponse, { success: true, version: length });
        call.reply({ $case: 'store', value });
      },
    });
    await using server = await serve(end, () => undefined);
    const caller = new LinkCaller({ hello: { pid: 7, client: 'test' }, whenLost: 'keep' });
    await caller.attach(server.dial());
    const sizes = [0, 1, 16 * 1024 * 1024, 5];
    const stored = sizes.map((size) => {
      const content = new Uint8Array(size).fill(1);
      return caller.call('store', make(agent.StoreArtifactRequest, { key: 'k', content }));
    });
    expect((await Promise.all(stored)).map((reply) => reply.version)).toEqual(sizes);
    caller.close();
    await end.detached.next();
  });

  it('tells of a refused connection, and of a peer that is no client', async () => {
    const end = new SessionEnd();
    const refused = Promise.withResolvers<LinkProtocolError>();
    await using server = await serve(end, refused.resolve);
    const stranger = server.dial();
    stranger.write(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'));
    const ended = new Promise<void>((resolve) => {
      stranger.listen({
        onData: () => undefined,
        onDrain: () => undefined,
        onEnd: () => resolve(),
      });
    });
    expect(await refused.promise).toBeInstanceOf(LinkProtocolError);
    await ended;
  });

  it('reports a connection that cannot be made', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await once(server.close(), 'close');
    const caller = new LinkCaller({ hello: { pid: 7, client: 'test' }, whenLost: 'reject' });
    const attached = caller.attach(socketStream(connect(port, '127.0.0.1')));
    await expect(attached).rejects.toMatchObject({ code: 'unavailable' });
  });
});
