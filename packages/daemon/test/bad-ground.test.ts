// A daemon that cannot start, or is told to stop at any moment: it says why, ends with the right
// exit code, and leaves no process and no lock behind.

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isOsProcessAlive } from '@hivekernel/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchDaemon, startDaemonProcess, type DaemonProcess } from './daemon-process.ts';
import { osPidsNaming, untilGone } from './os-pids.ts';
import { startTestDaemon } from './test-daemon.ts';

const ACTORS = fileURLToPath(new URL('./agents/actors.ts', import.meta.url));
const NEST = fileURLToPath(new URL('./agents/nest.ts', import.meta.url));
/** From the end of a daemon to the end of its reaper. */
const REAPER_GONE_MS = 2_000;

/** On a machine that is busy with something else. */
const TIMEOUT_MS = 60_000;

let ground: string;
beforeAll(async () => {
  ground = await mkdtemp(join(tmpdir(), 'hive-g-'));
});
afterAll(() => rm(ground, { recursive: true, force: true }));

const launched: DaemonProcess[] = [];
afterEach(async () => {
  for (const { child, exited } of launched.splice(0)) {
    child.kill('SIGKILL');
    await exited;
  }
});

/** Sockets under `ground`, too, so that whatever it starts can be told by that name. */
function launch(name: string, args: readonly string[] = []): DaemonProcess {
  const dataDir = join(ground, name);
  const daemon = launchDaemon({ dataDir, args, env: { XDG_RUNTIME_DIR: ground } });
  launched.push(daemon);
  return daemon;
}

/** Runs to its end; resolves with what it said. */
async function failedStart(name: string, args: readonly string[] = []) {
  const before = new Set(await osPidsNaming(ground));
  const daemon = launch(name, args);
  const { code } = await daemon.exited;
  const own = async () => (await osPidsNaming(ground)).filter((osPid) => !before.has(osPid));
  expect(await untilGone(own, { withinMs: REAPER_GONE_MS })).toEqual([]);
  return { code, said: daemon.stderr() };
}

/** Nothing of an earlier daemon keeps a new one from starting. */
async function startsNow(name: string): Promise<void> {
  const daemon = launch(name);
  await daemon.ready;
  daemon.child.kill('SIGTERM');
  expect(await daemon.exited).toEqual({ code: 0, signal: null });
}

describe('a daemon that cannot start', { timeout: TIMEOUT_MS }, () => {
  it('says which port is in use, and leaves no lock and no socket directory', async () => {
    const other = await startTestDaemon();
    try {
      const { grpcAddress, httpUrl } = other.daemon.info;
      const grpc = await failedStart('port', ['--listen', grpcAddress]);
      expect(grpc.code).toBe(1);
      expect(grpc.said).toContain(grpcAddress.split(':').at(-1));
      expect(grpc.said).toMatch(/in use/);
      const http = await failedStart('port', ['--http-port', new URL(httpUrl).port]);
      expect(http.code).toBe(1);
      expect(http.said).toMatch(new RegExp(`${new URL(httpUrl).port}.* in use.*--http-port`));
      const [sockets = ''] = (await readdir(ground)).filter((name) => name.startsWith('hive-'));
      expect(await readdir(join(ground, sockets))).toEqual([]);
      expect((await other.client.status()).osPid).toBe(process.pid);
    } finally {
      await other.stop();
    }
    expect(await readdir(join(ground, 'port'))).not.toContain('run.json');
    await startsNow('port');
  });

  it('says that its data directory cannot be written', async () => {
    await writeFile(join(ground, 'file'), 'not a directory');
    const { code, said } = await failedStart('file');
    expect(code).toBe(1);
    expect(said).toContain(`The data directory ${join(ground, 'file')} cannot be written`);
  });

  it('names the daemon that holds its data directory, which goes on', async () => {
    const other = await startTestDaemon({ dataDir: join(ground, 'held') });
    try {
      const { code, said } = await failedStart('held');
      expect(code).toBe(1);
      expect(said).toContain(`locked by another daemon (pid ${process.pid})`);
      expect((await other.client.status()).osPid).toBe(process.pid);
      await other.client.spawn({ name: 'still-served', role: 'agent', tier: 'tactical' });
    } finally {
      await other.stop();
    }
  });

  it('refuses a data directory of a newer version', async () => {
    await madeThenAltered('newer', `UPDATE meta SET value = '99' WHERE name = 'schema'`);
    const { code, said } = await failedStart('newer');
    expect(code).toBe(1);
    expect(said).toMatch(/is of version 99; this hive reads versions up to \d/);
  });

  it('names the last good event of a damaged journal', async () => {
    const lastSeq = await madeThenAltered(
      'damaged',
      `UPDATE frame SET body = CAST(X'00' || SUBSTR(body, 2) AS BLOB)
         WHERE last_seq = (SELECT MAX(last_seq) FROM frame)`,
    );
    const { code, said } = await failedStart('damaged');
    expect(code).toBe(1);
    const good = Number(/The last good event is (\d+)/.exec(said)?.[1]);
    expect(good).toBeGreaterThan(0);
    expect(good).toBeLessThan(lastSeq);
  });

  it('says what is wrong with an argument', async () => {
    expect(await failedStart('usage', ['--no-such-flag'])).toMatchObject({
      code: 2,
      said: expect.stringContaining('--no-such-flag') as string,
    });
    const { code, said } = await failedStart('config', ['--http-port', 'many']);
    expect(code).toBe(78);
    expect(said).toMatch(/http-port.*many/);
  });
});

/** A data directory with some events, changed by hand while nobody has it; gives its last seq. */
async function madeThenAltered(name: string, sql: string): Promise<number> {
  const hive = await startTestDaemon({ dataDir: join(ground, name) });
  for (let n = 0; n < 5; n += 1) {
    await hive.client.spawn({ name: `virtual-${n}`, role: 'agent', tier: 'tactical' });
  }
  await hive.stop();
  const db = new DatabaseSync(join(ground, name, 'journal.db'));
  const { last } = db.prepare('SELECT MAX(last_seq) AS last FROM frame').get() as { last: number };
  db.exec(sql);
  db.close();
  return last;
}

const given = process.env['SEED'];
const seed = given === undefined ? Math.floor(Math.random() * 1e9) : Number(given);
/** The boot takes about so long. */
const BOOT_MS = 900;
const RUN_EVENTS = 40;

describe('a daemon that is told to stop', { timeout: TIMEOUT_MS }, () => {
  it.each([0, 1, 2])(`in the middle of its boot ends (round %i of SEED=${seed})`, async (round) => {
    const atMs = (seed * (round + 1)) % BOOT_MS;
    const signal = round % 2 === 0 ? 'SIGINT' : 'SIGTERM';
    const daemon = launch(`boot-${round}`);
    await delay(atMs);
    daemon.child.kill(signal);
    const { code, signal: by } = await daemon.exited;
    // Before it listens for signals the OS ends it.
    expect([`0 null`, `null ${signal}`], `SEED=${seed}`).toContain(`${code} ${by}`);
    const left = await untilGone(() => osPidsNaming(ground), { withinMs: REAPER_GONE_MS });
    expect(left, `SEED=${seed}`).toEqual([]);
    await startsNow(`boot-${round}`);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s in the middle of work ends cleanly',
    async (by) => {
      const afterEvents = seed % RUN_EVENTS;
      const dataDir = join(ground, `run-${by}`);
      const daemon = await startDaemonProcess({ dataDir, env: { XDG_RUNTIME_DIR: ground } });
      launched.push(daemon);
      const { client } = daemon;
      const order = { role: 'lead', tier: 'tactical' } as const;
      const loop = await client.spawn({ ...order, name: 'loop', image: `${ACTORS}#Loop` });
      const nest = await client.spawn({ ...order, name: 'nest', image: NEST });
      const work = [
        client.executeTask({ pid: loop, description: 'go' }),
        client.executeTask({ pid: nest, description: 'depth:2:x' }),
      ];
      const settled = Promise.allSettled(work);
      let seen = 0;
      for await (const { journal } of client.followEvents({ volatile: true })) {
        if (journal !== undefined) seen += 1;
        if (seen >= 8 + afterEvents || journal?.kind === 'artifact.stored') break;
      }
      daemon.child.kill(by);
      expect(await daemon.exited, `SEED=${seed}`).toEqual({ code: 0, signal: null });
      await settled;
      client.close();
      expect(await osPidsNaming(ground), `SEED=${seed}`).toEqual([]);
      expect(isOsProcessAlive(daemon.osPid)).toBe(false);
      expect(await readdir(dataDir)).not.toContain('run.json');
    },
  );
});
