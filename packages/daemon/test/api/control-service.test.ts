// ControlService through a real client: first what the door itself does, over a host that answers
// by hand; then the calls through the kernel.
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { ERROR_CODES, KernelError } from '@hivekernel/kernel';
import type { Call, CallResult, ErrorCode } from '@hivekernel/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGrpcDoor } from '../../src/api/grpc/grpc-door.ts';
import { CONTROL_RPCS } from '../../src/api/grpc/rpc-table.ts';
import { GRPC_STATUS } from '../../src/api/wire/grpc-status.ts';
import type { Host } from '../../src/journal/host.ts';
import { MAPPED } from './control-rows.ts';
import { DoorGround, TOKEN, hostWith } from './door-ground.ts';
import { GrpcClient } from './grpc-client.ts';
import type { ControlRpc, Headers } from './grpc-client.ts';

const RPCS = Object.keys(CONTROL_RPCS) as ControlRpc[];
const MIB = 1024 ** 2;

let ground: DoorGround;

beforeEach(async () => {
  ground = await DoorGround.open();
});
afterEach(() => ground.close());

/** A client on the operator's socket, and one on TCP. */
async function open(
  options: { host?: Host; trustPidHeader?: boolean } = {},
): Promise<{ operator: GrpcClient; tcp: GrpcClient }> {
  const { host = ground.host, trustPidHeader = false } = options;
  const door = createGrpcDoor({
    host,
    feed: ground.feed,
    listen: [
      { kind: 'unix', path: join(ground.dir, 'core.sock') },
      { kind: 'tcp', hosts: ['127.0.0.1'], port: 0 },
    ],
    operatorToken: TOKEN,
    trustPidHeader,
    bootId: 'boot',
    termGraceMs: 5_000,
  });
  await door.start();
  ground.onClose(() => door.stop());
  const [operator, tcp] = door.addresses.map((address) => new GrpcClient(address));
  if (operator === undefined || tcp === undefined) throw new Error('the door has two addresses');
  ground.onClose(() => Promise.resolve(operator.close()));
  ground.onClose(() => Promise.resolve(tcp.close()));
  return { operator, tcp };
}

/** A host that answers every call alike, and what came to it. */
function answering(result: CallResult): { host: Host; calls: Call[] } {
  const calls: Call[] = [];
  const call: Host['call'] = (asked, reply) => {
    calls.push(asked);
    reply(result);
  };
  return { host: hostWith(ground.host, { call }), calls };
}

async function refusal(answer: Promise<unknown>) {
  const error = await answer.then(
    () => undefined,
    (cause: unknown) => cause as ServiceError,
  );
  expect(error).toBeDefined();
  const [kernelCode] = error?.metadata.get('hivekernel-code') ?? [];
  return { code: error?.code, details: error?.details, kernelCode };
}

const REFUSED: readonly (readonly [ControlRpc, object, string, ErrorCode])[] = [
  ['signal', { targetPid: 9 }, 'signal 0', 'invalid_argument'],
  ['wake', {}, 'target_pid', 'invalid_argument'],
  ['reparent', { targetPid: 9 }, 'parent_pid', 'invalid_argument'],
  ['collapseBranch', { reason: 9 }, 'reason 9', 'invalid_argument'],
  ['deleteArtifact', {}, 'Name the artifact', 'invalid_argument'],
  ['freezeArtifact', { artifactId: 't5' }, 'artifact_id', 'invalid_argument'],
  ['checkpoint', { state: Buffer.alloc(8 * MIB + 1) }, 'state', 'too_large'],
  ['raiseBudget', { targetPid: 9 }, 'by how much', 'invalid_argument'],
  ['raiseBudget', { targetPid: 9, purse: 'cows' }, 'purse', 'invalid_argument'],
  ['freezeBudget', { frozen: true }, 'target_pid', 'invalid_argument'],
  ['grant', { targetPid: 9, capability: 'fly' }, 'capability', 'invalid_argument'],
  ['requeue', { targetPid: 9, messageId: '12' }, 'message_id', 'invalid_argument'],
  ['publish', { topic: 'x'.repeat(257) }, 'topic', 'invalid_argument'],
  ['writePipe', { peerPid: 9, chunk: Buffer.alloc(65_537) }, 'chunk', 'too_large'],
  ['openPipe', {}, 'peer_pid', 'invalid_argument'],
  ['acknowledge', { messageId: 'm1', status: 9 }, 'status 9', 'invalid_argument'],
  ['acknowledge', { messageId: 'm1', reply: 'x'.repeat(MIB + 1) }, 'reply', 'too_large'],
];

describe('ControlService', () => {
  it('has a row here for each of its methods', () => {
    expect(MAPPED.map(({ rpc }) => rpc)).toEqual(RPCS);
  });

  it.each(MAPPED)('$rpc asks the kernel for $name and tells its answer', async (row) => {
    const { host, calls } = answering({ ok: true, value: row.answer ?? {} });
    const { operator } = await open({ host });
    expect(await operator.control(row.rpc, row.request, { pid: 7 })).toEqual(row.reply ?? {});
    const { name, args } = row;
    expect(calls).toMatchObject([{ name, args, ref: { pid: 7 }, task: null, isOperator: true }]);
  });

  it.each(ERROR_CODES)(
    'tells a refusal with %s as its status, with the code beside it',
    async (code) => {
      const error = new KernelError(code, `It is ${code}.`);
      const { host } = answering({ ok: false, error });
      const { operator } = await open({ host });
      for (const rpc of ['restart', 'commonAncestor', 'completeTask'] as const) {
        const request = { targetPid: 9, otherPid: 8 };
        expect(await refusal(operator.control(rpc as ControlRpc, request))).toEqual({
          code: GRPC_STATUS[code],
          details: `It is ${code}.`,
          kernelCode: code,
        });
      }
    },
  );

  it.each(REFUSED)(
    '%s refuses what cannot be, and asks nobody',
    async (rpc, request, words, kernelCode) => {
      const { host, calls } = answering({ ok: true, value: {} });
      const { operator } = await open({ host });
      const refused = await refusal(operator.control(rpc, request));
      expect(refused).toMatchObject({ code: GRPC_STATUS[kernelCode], kernelCode });
      expect(refused.details).toContain(words);
      expect(calls).toEqual([]);
    },
  );

  it('takes a checkpoint of 8 MiB', async () => {
    const { host, calls } = answering({ ok: true, value: {} });
    const { operator } = await open({ host });
    await operator.control('checkpoint', { state: Buffer.alloc(8 * MIB, 1) });
    expect(calls).toMatchObject([{ args: { content: { bytes: 8 * MIB } } }]);
  });
});

describe('identity on ControlService (PROTOCOL §2)', () => {
  it.each(RPCS)('%s wants the token on TCP, whatever the header says', async (rpc) => {
    const { tcp } = await open();
    for (const headers of [{}, { pid: 1 }, { pid: 1, token: 'forged' }]) {
      const { code } = await refusal(tcp.control(rpc, {}, headers));
      expect(code).toBe(status.UNAUTHENTICATED);
    }
  });

  it.each(RPCS)('%s wants a header where the channel has no identity', async (rpc) => {
    const { host, calls } = answering({ ok: true, value: {} });
    const { tcp } = await open({ host, trustPidHeader: true });
    expect((await refusal(tcp.control(rpc))).code).toBe(status.UNAUTHENTICATED);
    const { code } = await refusal(tcp.control(rpc, {}, { pid: 'seven' }));
    expect(code).toBe(status.INVALID_ARGUMENT);
    expect(calls).toEqual([]);
  });

  it('makes an operator of nobody by a bare header', async () => {
    const { host, calls } = answering({ ok: true, value: {} });
    const { operator, tcp } = await open({ host, trustPidHeader: true });
    const sleep = (client: GrpcClient, headers: Headers) => client.control('sleep', {}, headers);
    await sleep(operator, {});
    await sleep(operator, { pid: 7 });
    await sleep(tcp, { token: TOKEN });
    await sleep(tcp, { pid: 1 });
    expect(calls.map(({ ref, isOperator }) => [ref.pid, isOperator])).toEqual([
      [1, true],
      [7, true],
      [1, true],
      [1, false],
    ]);
  });
});

describe('ControlService through the kernel', () => {
  const info = (client: GrpcClient, pid: number) => client.call('getProcessInfo', { pid });

  it('shows in GetProcessInfo how a process was told to be supervised (S2, S3)', async () => {
    const { operator } = await open();
    const spawn = async (wish: object) => {
      const request = { name: 'w', role: 5, cognitiveTier: 1, ...wish } as const;
      return operator.call('spawnChild', request);
    };
    const chosen = await spawn({ restartPolicy: 'transient', strategy: 'rest_for_one' });
    expect(await info(operator, chosen.childPid)).toMatchObject({
      restartPolicy: 'transient',
      strategy: 'rest_for_one',
      quarantined: false,
      gone: false,
      checkpointBytes: 0,
    });
    const { childPid } = await spawn({});
    expect(await info(operator, childPid)).toMatchObject({
      restartPolicy: 'notify',
      strategy: 'one_for_one',
    });
    const refused = await spawn({ restartPolicy: 'always' });
    expect(refused).toMatchObject({ success: false, errorCode: 'invalid_argument' });
    expect(refused.error).toContain('restart_policy "always"');
  });

  it('Signal: STOP and CONT, TERM leaves first, and who is not there (S1)', async () => {
    const { operator } = await open();
    const lead = await ground.spawn({ name: 'lead', role: 'lead', image: 'hold' });
    const worker = await ground.spawn({ image: 'hold' }, lead);
    const signal = (number: number, targetPid: number, recursive = false) =>
      operator.control('signal', { targetPid, signal: number as 15, recursive });
    expect(await signal(19, worker)).toMatchObject({ signalledPids: [worker] });
    expect(await info(operator, worker)).toMatchObject({ state: 2, stateWord: 'paused' });
    const blocked = { recursive: true, filterState: 2 } as const;
    const { children } = await operator.call('listChildren', blocked);
    expect(children.map(({ pid }) => pid)).toEqual([worker]);
    expect(await signal(18, worker)).toMatchObject({ signalledPids: [worker] });
    expect(await info(operator, worker)).toMatchObject({ state: 0, stateWord: 'idle' });
    expect(await signal(15, lead, true)).toMatchObject({ killedPids: [worker, lead] });
    expect(await refusal(signal(15, 99))).toMatchObject({
      code: status.NOT_FOUND,
      kernelCode: 'not_found',
    });
  });

  it('Sleep and Wake: the runtime ends and comes back; one awake is not woken (S7)', async () => {
    const { operator } = await open();
    const pid = await ground.spawn({ image: 'echo' });
    const slept = ground.next('process.slept');
    await operator.control('sleep', { targetPid: pid });
    await slept;
    expect(await info(operator, pid)).toMatchObject({ state: 3, stateWord: 'sleeping', osPid: 0 });
    const { children } = await operator.call('listChildren', { filterState: 3 });
    expect(children.map((one) => one.pid)).toEqual([pid]);
    const woken = ground.next('process.woken');
    await operator.control('wake', { targetPid: pid });
    await woken;
    const virtual = await ground.spawn();
    expect(await refusal(operator.control('wake', { targetPid: virtual }))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      kernelCode: 'wrong_state',
    });
  });

  it('CompleteTask, PendingResults, WaitChild: a result is seen, then taken (S8)', async () => {
    const { operator } = await open();
    const targetPid = await ground.spawn({ name: 'w' });
    await operator.control('completeTask', { pid: targetPid, exitCode: 4, output: 'enough' });
    const result = { pid: targetPid, name: 'w', exitCode: 4, output: 'enough', cause: 'done' };
    const pending = async () => (await operator.control('pendingResults')).results;
    expect(await pending()).toMatchObject([result]);
    const wait = (peek: boolean) => operator.call('waitChild', { targetPid, peek });
    expect(await wait(true)).toMatchObject(result);
    expect(await wait(false)).toMatchObject(result);
    expect(await pending()).toEqual([]);
    expect(await wait(true)).toMatchObject({ success: false, errorCode: 'wrong_state' });
  });

  it('CollapseBranch: ends all below, leaves first, and gives their results (S8)', async () => {
    const { operator } = await open();
    const top = await ground.spawn({ name: 'top', role: 'lead' });
    const lead = await ground.spawn({ name: 'lead', role: 'lead' }, top);
    const worker = await ground.spawn({ name: 'w' }, lead);
    const { results } = await operator.control('collapseBranch', { targetPid: top });
    expect(results).toMatchObject([
      { pid: worker, name: 'w', exitCode: -1, output: 'branch collapsed' },
      { pid: lead, name: 'lead', exitCode: -1, output: 'branch collapsed' },
    ]);
    expect(await info(operator, top)).toMatchObject({ stateWord: 'idle', childCount: 0 });
  });

  it('Ancestors, CommonAncestor, SubtreeNodes, Reparent: the tree (P11)', async () => {
    const { operator } = await open();
    const left = await ground.spawn({ name: 'left', role: 'lead' });
    const right = await ground.spawn({ name: 'right', role: 'lead' });
    const worker = await ground.spawn({ name: 'w' }, left);
    const ancestors = async () =>
      (await operator.control('ancestors', { targetPid: worker })).processes.map(({ pid }) => pid);
    expect(await ancestors()).toEqual([left, 1]);
    const common = await operator.control('commonAncestor', { targetPid: worker, otherPid: right });
    expect(common).toMatchObject({ pid: 1, name: 'king' });
    expect(await operator.control('subtreeNodes', { targetPid: left })).toEqual({
      nodes: ['vps1'],
    });
    await operator.control('reparent', { targetPid: worker, parentPid: right });
    expect(await ancestors()).toEqual([right, 1]);
    const loop = operator.control('reparent', { targetPid: right, parentPid: worker });
    expect((await refusal(loop)).kernelCode).not.toBe('');
  });

  it('Remove: the operator forgets a dead process, and nobody else does', async () => {
    const { operator, tcp } = await open({ trustPidHeader: true });
    const pid = await ground.spawn();
    await ground.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    const other = await ground.spawn({ name: 'other' });
    const byHeader = tcp.control('remove', { targetPid: pid }, { pid: other });
    expect((await refusal(byHeader)).code).toBe(status.PERMISSION_DENIED);
    await operator.control('remove', { targetPid: pid });
    expect((await refusal(info(operator, pid))).code).toBe(status.NOT_FOUND);
  });
});
