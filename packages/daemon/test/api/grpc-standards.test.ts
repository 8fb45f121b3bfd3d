import { once } from 'node:events';
import { join } from 'node:path';
import { Client, Metadata, credentials, status } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGrpcDoor } from '../../src/api/grpc/grpc-door.ts';
import type { GrpcDoor } from '../../src/api/grpc/grpc-door.ts';
import { DoorGround, TOKEN } from './door-ground.ts';

let ground: DoorGround;
let door: GrpcDoor;
let client: Client;

beforeEach(async () => {
  ground = await DoorGround.open();
  const { host, feed } = ground;
  const path = join(ground.dir, 'core.sock');
  door = createGrpcDoor({
    host,
    feed,
    listen: [{ kind: 'unix', path }],
    operatorToken: TOKEN,
    trustPidHeader: false,
    bootId: 'boot',
    termGraceMs: 5_000,
  });
  await door.start();
  client = new Client(`unix://${path}`, credentials.createInsecure());
  ground.onClose(() => door.stop());
  ground.onClose(() => Promise.resolve(client.close()));
});
afterEach(() => ground.close());

const same = (bytes: Buffer): Buffer => bytes;

/** Field `number` as a string. */
function field(number: number, text: string): Buffer {
  const value = Buffer.from(text);
  return Buffer.concat([Buffer.from([number * 8 + 2, value.length]), value]);
}

function check(service: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      same,
      same,
      field(1, service),
      new Metadata(),
      (error: ServiceError | null, answer?: Buffer) => {
        if (error === null) resolve(answer ?? Buffer.alloc(0));
        else reject(error);
      },
    );
  });
}

function watch(service: string): ClientReadableStream<Buffer> {
  const path = '/grpc.health.v1.Health/Watch';
  return client.makeServerStreamRequest(path, same, same, field(1, service), new Metadata());
}

const statusOf = (answer: Buffer): number => answer[1] ?? 0;
const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;

describe('grpc.health.v1.Health', () => {
  it('says SERVING for the server and its services, NOT_FOUND for others', async () => {
    expect(statusOf(await check(''))).toBe(SERVING);
    expect(statusOf(await check('hivekernel.core.CoreService'))).toBe(SERVING);
    expect(statusOf(await check('hivekernel.v2.ControlService'))).toBe(SERVING);
    await expect(check('nobody.Service')).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('tells a watcher when the door closes', async () => {
    const stream = watch('');
    const [first] = (await once(stream, 'data')) as [Buffer];
    expect(statusOf(first)).toBe(SERVING);
    const second = once(stream, 'data');
    void door.stop();
    expect(statusOf(((await second) as [Buffer])[0])).toBe(NOT_SERVING);
  });

  it('tells a watcher of an unknown service so', async () => {
    const stream = watch('nobody.Service');
    stream.on('error', () => undefined);
    const [first] = (await once(stream, 'data')) as [Buffer];
    expect(statusOf(first)).toBe(SERVICE_UNKNOWN);
    stream.cancel();
  });
});

describe('server reflection', () => {
  async function ask(request: Buffer): Promise<string> {
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const stream = client.makeBidiStreamRequest(path, same, same, new Metadata());
    const answer = once(stream, 'data');
    stream.write(request);
    const [bytes] = (await answer) as [Buffer];
    stream.end();
    return bytes.toString('latin1');
  }

  it('lists the services that are served, and no other of ours', async () => {
    const services = await ask(field(7, '*'));
    expect(services).toContain('hivekernel.core.CoreService');
    expect(services).toContain('hivekernel.v2.ControlService');
    expect(services).not.toContain('AgentService');
  });

  it('tells the files under their own names, with what they import', async () => {
    const files = await ask(field(4, 'hivekernel.core.CoreService'));
    expect(files).toContain('core.proto');
    expect(files).toContain('agent.proto');
    expect(files).toContain('SubscribeEvents');
    const control = await ask(field(4, 'hivekernel.v2.ControlService'));
    for (const file of ['control.proto', 'link.proto', 'core.proto', 'agent.proto']) {
      expect(control).toContain(file);
    }
    expect(control).toContain('CollapseBranch');
  });
});
