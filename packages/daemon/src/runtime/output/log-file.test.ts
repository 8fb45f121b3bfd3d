import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile } from './log-file.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hive-log-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('LogFile', () => {
  it('keeps what was appended, in order', async () => {
    const path = join(dir, '1.log');
    const file = new LogFile({ path });
    for (let n = 0; n < 100; n += 1) file.append(Buffer.from(`${n}\n`));
    await file.close();
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines).toEqual(Array.from({ length: 100 }, (_, n) => String(n)));
  });

  it('makes no file for an agent that prints nothing', async () => {
    await new LogFile({ path: join(dir, '1.log') }).close();
    expect(await readdir(dir)).toEqual([]);
  });

  it('keeps one old file when it is full, and goes on in a new one', async () => {
    const path = join(dir, '1.log');
    for (const text of ['one', 'two', 'six']) {
      const file = new LogFile({ path, fileBytesMax: 4 });
      file.append(Buffer.from(text));
      await file.close();
    }
    expect((await readdir(dir)).sort()).toEqual(['1.log', '1.log.1']);
    expect(await readFile(path, 'utf8')).toBe('six');
    expect(await readFile(`${path}.1`, 'utf8')).toBe('two');
  });

  it('drops what the disk refuses, and says how much when it takes bytes again', async () => {
    const path = join(dir, 'not-yet', '1.log');
    const file = new LogFile({ path });
    file.append(Buffer.from('lost'));
    await file.settled();
    await mkdir(join(dir, 'not-yet'));
    file.append(Buffer.from('kept'));
    await file.close();
    expect(await readFile(path, 'utf8')).toBe('[4 bytes of output were dropped]\nkept');
  });
});
