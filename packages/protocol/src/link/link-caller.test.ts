// LinkCaller held to the wire: a kernel spoken by hand answers late, twice, wrongly, or not at all.
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { settle } from '../../test/async-queue.ts';
import { attach, connect, newCaller } from '../../test/caller-end.ts';
import { RawKernel, doneReply } from '../../test/raw-peer.ts';
import type { Reply } from '../gen/link.ts';
import { agent, core, link } from '../index.ts';
import type { CallBody, ReplyBody } from '../index.ts';
import { make } from '../make.ts';
import { LINK_LIMITS } from './index.ts';
import { memoryStreamPair } from './memory-stream.ts';

const log = (message: string): agent.LogRequest => make(agent.LogRequest, { message });
const item = (id: number, seq: number, raw: string): Reply => {
  const value = { event: undefined, raw, mark: '' };
  return { id, seq, more: true, body: { $case: 'followItem', value } };
};
const FOLLOW = make(link.FollowEventsCall, { follow: true });

/** Calls of supervision that have nothing to tell. */
const NOTHING_TO_TELL = [
  { $case: 'exit', value: { exitCode: 3, output: 'o', pid: 9 } },
  { $case: 'restart', value: { targetPid: 9, reason: 'r', gracePeriodSeconds: 1 } },
  { $case: 'sleep', value: { targetPid: 9 } },
  { $case: 'wake', value: { targetPid: 9 } },
  { $case: 'checkpoint', value: { state: new Uint8Array([1]) } },
  { $case: 'reparent', value: { targetPid: 9, parentPid: 8 } },
  { $case: 'remove', value: { targetPid: 9 } },
] as const satisfies readonly CallBody[];

/** Those that have: what is asked, and what comes back. */
const TELLING: readonly (readonly [CallBody, ReplyBody])[] = [
  [
    { $case: 'signal', value: make(link.SignalCall, { signal: 15, reason: 'r' }) },
    { $case: 'signal', value: { killedPids: [3, 2], signalledPids: [], artifactKey: '' } },
  ],
  [
    { $case: 'collapse', value: make(link.CollapseCall, {}) },
    { $case: 'collapse', value: { results: [make(agent.WaitChildResponse, { pid: 3 })] } },
  ],
  [
    { $case: 'pendingResults', value: { targetPid: 0 } },
    { $case: 'pendingResults', value: { results: [make(agent.WaitChildResponse, { name: 'w' })] } },
  ],
  [
    { $case: 'ancestors', value: { targetPid: 0 } },
    { $case: 'ancestors', value: { processes: [make(core.ProcessInfo, { pid: 1 })] } },
  ],
  [
    { $case: 'commonAncestor', value: { targetPid: 0, otherPid: 9 } },
    { $case: 'commonAncestor', value: make(core.ProcessInfo, { gone: true }) },
  ],
  [
    { $case: 'subtreeNodes', value: { targetPid: 0 } },
    { $case: 'subtreeNodes', value: { nodes: ['vps1', 'vps2'] } },
  ],
];

describe('LinkCaller.attach()', () => {
  it('says who it is first, and sends calls only after the answer', async () => {
    const { a, b } = memoryStreamPair();
    const { caller } = newCaller();
    const kernel = new RawKernel(b);
    const early = caller.call('log', log('early'));
    const attached = caller.attach(a);
    const first = await kernel.frames.next();
    expect(first).toMatchObject({
      hello: { version: 1, pid: 7, startToken: 'token', resumeSecret: '', client: 'test' },
      calls: [],
    });
    await settle();
    expect([kernel.frames.size, caller.isReady]).toEqual([0, false]);
    const hello = { version: 1, resumeSecret: 's', kernelVersion: '0', bootId: 'b', lastCallId: 0 };
    kernel.send({ hello });
    expect(await attached).toEqual(hello);
    const [call] = await kernel.calls(1);
    kernel.send({ replies: [doneReply(call!.id, 1)] });
    await early;
  });

  it("rejects with the kernel's reason, for good", async () => {
    const { a, b } = memoryStreamPair();
    const world = newCaller();
    const kernel = new RawKernel(b);
    const call = world.caller.call('log', log('x'));
    const attached = world.caller.attach(a);
    await kernel.frames.next();
    kernel.send({ error: { code: 'unauthenticated', message: 'used', details: {} } });
    await expect(attached).rejects.toMatchObject({ code: 'unauthenticated', message: 'used' });
    await expect(call).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(world.ends).toMatchObject([{ isFinal: true }]);
    await expect(world.caller.attach(a)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('can be tried again after the connection ended or the signal aborted', async () => {
    const world = newCaller();
    const first = memoryStreamPair();
    const ended = world.caller.attach(first.a);
    first.cut();
    await expect(ended).rejects.toMatchObject({ code: 'unavailable' });
    const giveUp = new AbortController();
    const aborted = world.caller.attach(memoryStreamPair().a, { signal: giveUp.signal });
    giveUp.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'cancelled' });
    expect((await attach(world)).caller.isReady).toBe(true);
  });

  it('takes a peer that does not answer Hello first as no kernel', async () => {
    const { a, b } = memoryStreamPair();
    const attached = newCaller().caller.attach(a);
    new RawKernel(b).send({ replies: [doneReply(1, 1)] });
    await expect(attached).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('LinkCaller.call()', () => {
  it('gathers the calls of a turn in one frame, in the order of rising ids', async () => {
    const { caller, kernel } = await connect();
    const calls = [1, 2, 3].map((n) => caller.call('log', log(String(n)), { taskId: `t${n}` }));
    void Promise.resolve().then(() => calls.push(caller.call('log', log('4'))));
    const frame = await kernel.frames.next();
    expect(frame.calls.map(({ id, pid, taskId }) => [id, pid, taskId])).toEqual([
      [1, 7, 't1'],
      [2, 7, 't2'],
      [3, 7, 't3'],
      [4, 7, ''],
    ]);
    kernel.send({ replies: [4, 2, 3, 1].map((id, i) => doneReply(id, i + 1)) });
    await Promise.all(calls);
    expect(caller.openCalls).toBe(0);
  });

  it('resolves each with the reply of its id', async () => {
    const { caller, kernel } = await connect();
    const infos = [5, 6].map((pid) => caller.call('info', { pid }));
    const calls = await kernel.calls(2);
    const replies = calls.toReversed().map(({ id, body }, i): Reply => {
      const pid = body?.$case === 'info' ? body.value.pid : 0;
      const value = make(core.ProcessInfo, { pid });
      return { id, seq: i + 1, more: false, body: { $case: 'info', value } };
    });
    kernel.send({ replies });
    expect((await Promise.all(infos)).map((info) => info.pid)).toEqual([5, 6]);
  });

  it.each(NOTHING_TO_TELL)('takes `done` as the answer to $$case', async ({ $case, value }) => {
    const { caller, kernel } = await connect();
    const call = caller.call($case, value);
    await kernel.calls(1);
    kernel.send({ replies: [doneReply(1, 1)] });
    expect(await call).toEqual({});
  });

  it.each(TELLING)('takes the reply of its own name as the answer to %o', async (asked, body) => {
    const { caller, kernel } = await connect();
    const call = caller.call(asked.$case as 'signal', asked.value as link.SignalCall);
    expect((await kernel.calls(1))[0]!.body).toEqual(asked);
    kernel.send({ replies: [{ id: 1, seq: 1, more: false, body }] });
    expect(await call).toEqual(body.value);
  });

  it('rejects with code, message and details of a refusal', async () => {
    const { caller, kernel } = await connect();
    const call = caller.call('info', { pid: 9 }, { pid: 8 });
    expect((await kernel.calls(1))[0]!.pid).toBe(8);
    const value = { code: 'not_found', message: 'no process 9', details: { pid: '9' } };
    kernel.send({ replies: [{ id: 1, seq: 1, more: false, body: { $case: 'error', value } }] });
    await expect(call).rejects.toMatchObject({ name: 'LinkCallError', ...value });
  });

  it('rejects when the reply is of another kind, or of one that is unknown here', async () => {
    const { caller, kernel } = await connect();
    const calls = [caller.call('info', { pid: 9 }), caller.call('info', { pid: 9 })];
    await kernel.calls(2);
    kernel.send({ replies: [doneReply(1, 1), { id: 2, seq: 2, more: false, body: undefined }] });
    await expect(calls[0]).rejects.toMatchObject({ code: 'internal' });
    await expect(calls[1]).rejects.toMatchObject({ code: 'unimplemented' });
  });

  it('rejects what no field or frame can hold, and sends nothing of it', async () => {
    const { caller, kernel } = await connect();
    const wait = make(agent.WaitChildRequest, { targetPid: 1, timeoutSeconds: 2 ** 40 });
    await expect(caller.call('waitChild', wait)).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    const content = new Uint8Array(LINK_LIMITS.frameBytesMax);
    const large = caller.call('store', make(agent.StoreArtifactRequest, { content }));
    await expect(large).rejects.toMatchObject({ code: 'too_large' });
    const good = caller.call('log', log('good'));
    const [call] = await kernel.calls(1);
    kernel.send({ replies: [doneReply(call!.id, 1)] });
    await good;
  });

  it('holds an artifact of 16 MiB', async () => {
    const { caller, kernel } = await connect();
    const content = new Uint8Array(16 * 1024 * 1024).fill(7);
    const stored = caller.call('store', make(agent.StoreArtifactRequest, { key: 'k', content }));
    const [call] = await kernel.calls(1);
    expect(call!.body?.$case === 'store' && call!.body.value.content.length).toBe(content.length);
    const value = make(agent.StoreArtifactResponse, { success: true });
    kernel.send({ replies: [{ id: 1, seq: 1, more: false, body: { $case: 'store', value } }] });
    expect((await stored).success).toBe(true);
  });

  it('ignores a reply that came before, and breaks off when one is missing', async () => {
    const { caller, kernel, ends } = await connect();
    const first = caller.call('log', log('1'));
    await kernel.calls(1);
    kernel.send({ replies: [doneReply(1, 1), doneReply(1, 1)] });
    await first;
    const second = caller.call('log', log('2'));
    await kernel.calls(1);
    kernel.send({ replies: [doneReply(2, 3)] });
    await kernel.ended;
    expect(ends).toMatchObject([{ isFinal: false }]);
    caller.close();
    await expect(second).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('LinkCaller cancelling', () => {
  it('tells the kernel of a call that is aborted, and ignores its late reply', async () => {
    const { caller, kernel } = await connect();
    const giveUp = new AbortController();
    const call = caller.call('waitChild', make(agent.WaitChildRequest, {}), giveUp);
    await kernel.calls(1);
    giveUp.abort();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    const [cancel] = await kernel.calls(1);
    expect(cancel!.body).toEqual({ $case: 'cancel', value: { callId: 1 } });
    kernel.send({ replies: [doneReply(2, 1), doneReply(1, 2)] });
    await settle();
    expect([caller.openCalls, caller.isReady]).toEqual([0, true]);
  });

  it('sends nothing of a call that is aborted before it left, or before it began', async () => {
    const { caller, kernel } = await connect();
    const giveUp = new AbortController();
    const call = caller.call('log', log('never'), giveUp);
    giveUp.abort();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    await expect(caller.call('log', log('never'), giveUp)).rejects.toMatchObject({
      code: 'cancelled',
    });
    const later = caller.call('log', log('later'));
    const calls = await kernel.calls(1);
    expect(calls).toMatchObject([{ body: { value: { message: 'later' } } }]);
    kernel.send({ replies: [doneReply(calls[0]!.id, 1)] });
    await later;
  });

  it('gives a call up after its time', async () => {
    const { caller, kernel } = await connect();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const call = caller.call('info', { pid: 9 }, { timeoutMs: 1_000 });
    await kernel.calls(1);
    vi.advanceTimersByTime(1_000);
    await expect(call).rejects.toMatchObject({ code: 'timed_out' });
    const [cancel] = await kernel.calls(1);
    expect(cancel!.body).toEqual({ $case: 'cancel', value: { callId: 1 } });
  });
});

describe('LinkCaller acknowledgements', () => {
  it('ride on the next frame', async () => {
    const { caller, kernel } = await connect();
    const first = caller.call('log', log('1'));
    await kernel.calls(1);
    kernel.send({ replies: [doneReply(1, 1)] });
    await first;
    void caller.call('log', log('2'));
    expect((await kernel.frames.next()).ack).toBe(1);
  });

  it('leave by themselves after 256 replies, or a short time', async () => {
    const { caller, kernel } = await connect();
    const count = LINK_LIMITS.repliesPerAck;
    const calls = Array.from({ length: count + 3 }, (_, i) => caller.call('log', log(String(i))));
    await kernel.calls(count + 3);
    const replies = calls.map((_, i) => doneReply(i + 1, i + 1));
    kernel.send({ replies: replies.slice(0, count) });
    expect(await kernel.frames.next()).toMatchObject({ ack: count, calls: [] });
    kernel.send({ replies: replies.slice(count) });
    expect(await kernel.frames.next()).toMatchObject({ ack: count + 3, calls: [] });
    await Promise.all(calls);
  });
});

describe('LinkCaller when the connection is lost', () => {
  it('fails open calls for good with `reject`', async () => {
    const { caller, cut, ends } = await connect({ whenLost: 'reject' });
    const call = caller.call('log', log('x'));
    cut();
    await expect(call).rejects.toMatchObject({ code: 'unavailable' });
    await expect(caller.call('log', log('y'))).rejects.toMatchObject({ code: 'unavailable' });
    expect(ends).toMatchObject([{ isFinal: true }]);
  });

  it('with `keep` presents the secret, acknowledges, and sends again what is open', async () => {
    const first = await connect();
    const calls = ['1', '2', '3'].map((text) => first.caller.call('log', log(text)));
    const sent = await first.kernel.calls(3);
    first.kernel.send({ replies: [doneReply(2, 1)] });
    await calls[1];
    first.cut();
    await first.kernel.ended;
    const offline = first.caller.call('log', log('4'));
    const second = await attach(first);
    expect(second.hello).toMatchObject({
      ack: 1,
      hello: { startToken: '', resumeSecret: 'secret' },
    });
    const again = await second.kernel.calls(3);
    expect(again.map((call) => call.id)).toEqual([1, 3, 4]);
    expect(again.slice(0, 2)).toEqual([sent[0], sent[2]]);
    const replies = [doneReply(2, 1), doneReply(1, 2), doneReply(3, 3), doneReply(4, 4)];
    second.kernel.send({ replies });
    await Promise.all([...calls, offline]);
    expect(first.ends).toMatchObject([{ isFinal: false }]);
  });

  it('under another boot of the kernel counts replies anew, and fails streams', async () => {
    const first = await connect();
    const call = first.caller.call('log', log('1'));
    const follow = first.caller.stream('followEvents', FOLLOW);
    await first.kernel.calls(2);
    first.kernel.send({ replies: [item(2, 1, 'a'), item(2, 2, 'b')] });
    expect((await follow.next()).value?.raw).toBe('a');
    first.cut();
    await first.kernel.ended;
    const second = await attach(first, { bootId: 'boot-2', lastCallId: 10 });
    const again = await second.kernel.calls(1);
    expect(again.map(({ id }) => id)).toEqual([1]);
    second.kernel.send({ replies: [doneReply(1, 1)] });
    await call;
    expect((await follow.next()).value?.raw).toBe('b');
    await expect(follow.next()).rejects.toMatchObject({ code: 'unavailable' });
    void second.caller.call('log', log('2'));
    expect((await second.kernel.calls(1))[0]!.id).toBe(11);
  });

  it('takes `unavailable` from the kernel as lost, other errors as final', async () => {
    const first = await connect();
    first.kernel.send({ error: { code: 'unavailable', message: 'restarting', details: {} } });
    await first.kernel.ended;
    expect(first.caller.isClosed).toBe(false);
    const second = await attach(first);
    second.kernel.send({ error: { code: 'invalid_argument', message: 'garbage', details: {} } });
    await second.kernel.ended;
    expect(first.caller.isClosed).toBe(true);
    expect(first.ends.map((end) => end.isFinal)).toEqual([false, true]);
  });

  it('drops an earlier connection for a new one without calling it lost', async () => {
    const first = await connect();
    const second = await attach(first);
    await first.kernel.ended;
    expect([first.ends, second.caller.isReady]).toEqual([[], true]);
  });
});

describe('LinkCaller.stream()', () => {
  it('hands out items in order, holds back their acknowledgement, and ends', async () => {
    const { caller, kernel } = await connect();
    const follow = caller.stream('followEvents', FOLLOW);
    const [call] = await kernel.calls(1);
    kernel.send({ replies: [item(call!.id, 1, 'a'), item(call!.id, 2, 'b')] });
    const done = caller.call('log', log('beside'));
    expect((await kernel.frames.next()).ack).toBe(0);
    kernel.send({ replies: [doneReply(2, 3), doneReply(call!.id, 4)] });
    await done;
    const texts: string[] = [];
    for await (const { raw } of follow) texts.push(raw);
    expect(texts).toEqual(['a', 'b']);
    expect((await kernel.frames.next()).ack).toBe(4);
    expect(caller.openCalls).toBe(0);
  });

  it('is cancelled at the kernel when the reader leaves', async () => {
    const { caller, kernel } = await connect();
    const follow = caller.stream('followEvents', FOLLOW);
    await kernel.calls(1);
    kernel.send({ replies: [item(1, 1, 'a'), item(1, 2, 'b')] });
    for await (const { raw } of follow) {
      expect(raw).toBe('a');
      break;
    }
    const frame = await kernel.frames.next();
    expect(frame).toMatchObject({ ack: 2, calls: [{ body: { value: { callId: 1 } } }] });
    expect((await follow.next()).done).toBe(true);
  });

  it('throws the refusal to its reader', async () => {
    const { caller, kernel } = await connect();
    const next = caller.stream('followEvents', FOLLOW).next();
    await kernel.calls(1);
    const value = { code: 'permission_denied', message: 'operators only', details: {} };
    kernel.send({ replies: [{ id: 1, seq: 1, more: false, body: { $case: 'error', value } }] });
    await expect(next).rejects.toMatchObject({ code: 'permission_denied' });
  });

  it('throws the abort to its reader', async () => {
    const { caller, kernel } = await connect();
    const giveUp = new AbortController();
    const next = caller.stream('followEvents', FOLLOW, giveUp).next();
    await kernel.calls(1);
    giveUp.abort();
    await expect(next).rejects.toMatchObject({ code: 'cancelled' });
    expect((await kernel.calls(1))[0]!.body?.$case).toBe('cancel');
  });
});

describe('LinkCaller.close()', () => {
  it('sends what is gathered, ends the stream, and rejects what is open', async () => {
    const { caller, kernel, ends } = await connect();
    const call = caller.call('exit', make(link.ExitCall, { output: 'done' }));
    caller.close();
    caller.close();
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    expect((await kernel.calls(1))[0]!.body?.$case).toBe('exit');
    await kernel.ended;
    await expect(caller.call('log', log('x'))).rejects.toMatchObject({ code: 'cancelled' });
    expect(ends).toEqual([]);
  });

  it('ends a stream that is being read, and one that has items, after those', async () => {
    const { caller, kernel } = await connect();
    const follow = caller.stream('followEvents', FOLLOW);
    await kernel.calls(1);
    kernel.send({ replies: [item(1, 1, 'a')] });
    await settle();
    caller.close();
    expect((await follow.next()).value?.raw).toBe('a');
    await expect(follow.next()).rejects.toMatchObject({ code: 'cancelled' });
  });
});
