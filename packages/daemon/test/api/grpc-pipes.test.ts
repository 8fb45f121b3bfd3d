// Pipes over gRPC: a client in any language at one end, another one at the other.
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGrpcDoor } from '../../src/api/grpc/grpc-door.ts';
import { DoorGround, TOKEN } from './door-ground.ts';
import { GrpcClient } from './grpc-client.ts';

let ground: DoorGround;
/** On the operator's socket, and on TCP with a bare header. */
let operator: GrpcClient;
let tcp: GrpcClient;

beforeEach(async () => {
  ground = await DoorGround.open();
  const door = createGrpcDoor({
    host: ground.host,
    feed: ground.feed,
    listen: [
      { kind: 'unix', path: join(ground.dir, 'core.sock') },
      { kind: 'tcp', hosts: ['127.0.0.1'], port: 0 },
    ],
    operatorToken: TOKEN,
    trustPidHeader: true,
    bootId: 'boot',
    termGraceMs: 5_000,
  });
  await door.start();
  ground.onClose(() => door.stop());
  const [unix, port] = door.addresses;
  operator = new GrpcClient(unix ?? '');
  tcp = new GrpcClient(port ?? '');
});
afterEach(() => {
  operator.close();
  tcp.close();
  return ground.close();
});

const failureOf = (answer: Promise<unknown>): Promise<unknown> =>
  answer.catch((error: unknown) => error);

describe('pipes on ControlService (M10)', () => {
  it('carry chunks, a wait that is given up, and their end', async () => {
    const request = { name: 'w', role: 5, cognitiveTier: 1 } as const;
    const { childPid: peerPid } = await operator.call('spawnChild', request);
    const child = { pid: peerPid };
    const [down, up] = [{ peerPid }, { peerPid: 1 }];
    await operator.control('openPipe', down);
    await tcp.control('openPipe', up, child);
    await operator.control('writePipe', { ...down, chunk: Buffer.from('down') });
    const read = await tcp.control('readPipe', up, child);
    expect(read).toEqual({ chunks: [Buffer.from('down')], end: false });
    const give = new AbortController();
    const given = failureOf(tcp.control('readPipe', up, { ...child, signal: give.signal }));
    const second = (): Promise<unknown> =>
      tcp.control('readPipe', { ...up, timeoutMs: 1 }, child).catch((error: unknown) => error);
    await expect.poll(second).toMatchObject({ code: status.ABORTED });
    give.abort();
    expect(await given).toMatchObject({ code: status.CANCELLED });
    await expect.poll(second).toMatchObject({ chunks: [], end: false });
    await operator.control('closePipe', { ...down, both: true });
    expect(await tcp.control('readPipe', up, child)).toMatchObject({ chunks: [], end: true });
    const refused = await failureOf(
      tcp.control('writePipe', { ...up, chunk: Buffer.of(1) }, child),
    );
    expect(refused).toMatchObject({ code: status.UNAVAILABLE });
  });
});
