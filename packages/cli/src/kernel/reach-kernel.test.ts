import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findKernel, reachKernel, shownPath } from './reach-kernel.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hive-reach-'));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const claim = (osPid: number): void => {
  const run = { osPid, adminSocket: join(dir, 's'), startedAtMs: Date.now() };
  writeFileSync(join(dir, 'run.json'), JSON.stringify(run));
};

const place = () => ({ dataDir: dir, cwd: dir, timeoutMs: 200 });

describe('findKernel()', () => {
  it('finds none where nothing says so, or its process is gone', async () => {
    expect(await findKernel(place())).toBeUndefined();
    claim(0);
    expect(await findKernel(place())).toBeUndefined();
  });

  it('does not take a stranger for it that has its number', async () => {
    claim(process.pid);
    expect(await findKernel(place())).toBeUndefined();
  });

  it('fails for one that is there and does not answer', async () => {
    claim(process.pid);
    const server = createServer().listen(join(dir, 's'));
    await once(server, 'listening');
    await expect(findKernel(place())).rejects.toMatchObject({
      code: 'E_UNREACHABLE',
      exitCode: 69,
      why: expect.stringContaining('does not answer on its socket'),
    });
    server.close();
  });
});

describe('reachKernel()', () => {
  it('says why there is none: never started, or gone', async () => {
    await expect(reachKernel(place())).rejects.toMatchObject({
      code: 'E_UNREACHABLE',
      why: 'It is not running (there is no ./run.json).',
    });
    claim(process.pid);
    await expect(reachKernel(place())).rejects.toMatchObject({
      why: expect.stringMatching(/^It is not running: its process \d+ is gone \(.* is stale/),
    });
  });
});

describe('shownPath()', () => {
  it('is relative inside, whole outside', () => {
    expect(shownPath('/a/b/c', '/a')).toBe('./b/c');
    expect(shownPath('/a', '/a')).toBe('.');
    expect(shownPath('/b', '/a')).toBe('/b');
  });
});
