import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isOsProcessAlive } from '@hivekernel/client';
import { ANYWHERE, ECHO, HiveGround, said } from './hive-ground.ts';

const ground = new HiveGround();
const hive = (...args: string[]) => ground.run(...args);
const json = async (...args: string[]): Promise<Record<string, never> & { items: Item[] }> =>
  JSON.parse((await hive(...args, '-o', 'json')).stdout);

interface Item {
  readonly [key: string]: unknown;
}

beforeAll(async () => {
  ground.file('echo.ts', ECHO);
  expect(await hive('up', '-d', ...ANYWHERE)).toMatchObject({ code: 0, stdout: '' });
}, 30_000);

afterAll(() => ground.end(), 40_000);

describe('hive up', () => {
  it('says with -d that a kernel is running, and refuses in the foreground', async () => {
    const again = await hive('up', '-d');
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toContain(`is running already: OS process ${ground.kernelPid}`);
    const foreground = await hive('up', '-o', 'json');
    expect(foreground).toMatchObject({ code: 5, stdout: '' });
    expect(JSON.parse(foreground.stderr)).toMatchObject({
      code: 'E_ALREADY_RUNNING',
      details: { osPid: ground.kernelPid },
    });
  });
});

describe('hive status', () => {
  it('tells of the kernel', async () => {
    expect(await json('status')).toMatchObject({
      kind: 'KernelStatus',
      state: 'running',
      daemon: { osPid: ground.kernelPid, dataDir: ground.dataDir },
      model: { provider: 'sim', simulated: true },
    });
    const { stdout, stderr, code } = await ground.runProcess('status');
    expect(stdout).toMatch(/^kernel {4}running, version \d/);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  });
});

describe('hive spawn, ps, tree, status SEL, wait, kill', () => {
  it('lead an agent from its start to its end', async () => {
    const one = ['./echo.ts#Echo', '--name', 'one', '--role', 'lead'];
    const spawned = await ground.runProcess('spawn', ...one);
    expect(spawned).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\n$/) });
    const pid = spawned.stdout.trim();
    const child = await hive('spawn', './echo.ts#Echo', '--parent', 'one', '--name', 'two');
    expect(child.stderr).toContain('/king/one/two is ready');

    const listed = await json('ps');
    expect(listed).toMatchObject({ apiVersion: 'v1', kind: 'AgentList' });
    expect(listed.items).toMatchObject([
      { pid: 1, name: 'king', ppid: null },
      { pid: Number(pid), name: 'one', role: 'lead', state: 'idle', osPid: expect.any(Number) },
      { name: 'two', role: 'worker', ppid: Number(pid) },
    ]);
    expect((await hive('ps', `${pid}/`, '-q')).stdout.split('\n')[0]).toBe(pid);
    expect((await hive('ps', '--filter', 'role=lead', '--columns', 'name')).stdout).toBe(
      'NAME\none\n',
    );
    expect((await hive('tree', 'one')).stdout).toMatch(/^one\(\d+\) +○ idle\n└─ two\(\d+\)/);
    expect((await hive('status', 'two')).stdout).toContain('spawned two (worker) under');
    expect(await hive('wait', 'two', '--for', 'state=idle')).toMatchObject({ code: 0 });
    const late = await hive('wait', 'two', '--timeout', '200ms');
    expect(late).toMatchObject({ code: 7, stdout: '' });

    const refused = await hive('kill', 'one/');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('This stops 1 lead and 1 worker. Nobody can be asked here.');
    expect(await hive('kill', 'one/', '--yes')).toMatchObject({ code: 0, stdout: 'killed 2\n' });
    expect(await hive('wait', pid)).toMatchObject({ code: 0 });
    expect(await hive('kill', pid)).toMatchObject({
      code: 5,
      stdout: 'killed 0\n',
      stderr: `pid ${pid} is already gone\n`,
    });
    expect((await hive('tree')).stdout).toMatch(/─ one\(\d+\).*\n {3}└─ two\(\d+\)/);
    const dead = (await json('ps')).items.filter(({ state }) => state === 'dead');
    expect(dead).toHaveLength(2);
    expect((await json('ps', '--live')).items).toHaveLength(1);
  });

  it('read selectors from stdin, and tell whom they could not stop', async () => {
    const { stdout } = await hive('spawn', './echo.ts#Echo', '--name', 'three');
    const some = await ground.feed(`${stdout}`, 'kill', '-');
    expect(some).toMatchObject({ code: 0, stdout: 'killed 1\n' });
    expect(await hive('kill', '1')).toMatchObject({ code: 2 });
    const none = await hive('kill', 'nobody');
    expect(none).toMatchObject({ code: 3, stdout: '' });
    expect(none.stderr).toMatch(/^error\[E_NO_MATCH\]: No agent matches "nobody"\./);
  });

  it('tell an agent that does not start, and leave nothing behind', async () => {
    ground.file('broken.ts', 'throw new Error("no such luck");');
    const broken = await hive('spawn', './broken.ts', '--name', 'broken');
    expect(broken).toMatchObject({ code: 1, stdout: '' });
    expect(broken.stderr).toMatch(/error\[E_START_FAILED\].*\n?.*no such luck/);
    expect(await hive('spawn', './nowhere.ts#X')).toMatchObject({ code: 3 });
    expect(await hive('spawn', 'stranger')).toMatchObject({ code: 3 });
    const { items } = await json('ps', '--live');
    expect(items.map(({ name }) => name)).toEqual(['king']);
  });
});

describe('hive send, inbox', () => {
  it('send to whom the selector names, and show what waits', async () => {
    expect(await hive('send', '/king', 'hello\nyou', '--type', 'note')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^m\d+\n$/),
    });
    expect(await ground.feed('from stdin', 'send', '1', '-')).toMatchObject({ code: 0 });
    const { items } = await json('inbox');
    expect(items).toMatchObject([
      { type: 'note', text: 'hello\nyou', fromPid: 1 },
      { type: 'message', text: 'from stdin' },
    ]);
    expect((await hive('inbox')).stdout).toMatch(/note +king\(1\) +normal +\d+s +hello you\n/);
    expect(await hive('send', 'nobody', 'x')).toMatchObject({ code: 3 });
    const twins = [await hive('spawn', './echo.ts#Echo', '--name', 'first')];
    twins.push(await hive('spawn', './echo.ts#Echo', '--name', 'twin'));
    twins.push(await hive('spawn', './echo.ts#Echo', '--name', 'twin', '--parent', 'first'));
    const ambiguous = await hive('send', 'twin', 'x');
    expect(ambiguous).toMatchObject({ code: 2, stdout: '' });
    expect(ambiguous.stderr).toMatch(/^error\[E_AMBIGUOUS\]/);
    expect((await hive('send', 'twin', 'x', '--all')).stdout).toMatch(/^m\d+\nm\d+\n$/);
    await hive('kill', ...twins.map(({ stdout }) => stdout.trim()), '--yes');
    expect(await hive('send', '1', 'x', '--priority', 'soon')).toMatchObject({ code: 2 });
  });
});

describe('hive artifact', () => {
  it('stores files and stdin as the operator, by version, and gives them back', async () => {
    const path = ground.file('note.md', '# one\n');
    expect(await hive('artifact', 'put', 'notes/a', path)).toMatchObject({
      code: 0,
      stdout: 'notes/a@v1\n',
    });
    const put = ground.start('artifact', 'put', 'notes/a', '-');
    put.stdin.end('two');
    expect(await ground.endOf(put)).toMatchObject({ code: 0, stdout: 'notes/a@v2\n' });
    expect((await ground.runProcess('artifact', 'get', 'notes/a')).stdout).toBe('two');
    expect((await hive('artifact', 'get', 'notes/a@v1')).stdout).toBe('# one\n');
    expect(await json('artifact', 'get', 'notes/a@v1')).toMatchObject({
      kind: 'Artifact',
      text: '# one\n',
      contentType: 'text/markdown; charset=utf-8',
    });
    expect(await json('artifact', 'ls', 'notes/')).toMatchObject({
      kind: 'ArtifactList',
      items: [{ key: 'notes/a', version: 2, versionsKept: 2, visibility: 'global' }],
    });
    expect(await hive('artifact', 'get', 'none')).toMatchObject({ code: 3, stdout: '' });
    expect(await hive('artifact', 'put', 'a', './none')).toMatchObject({ code: 2 });
    expect(await hive('artifact', 'put', 'a@v3', path)).toMatchObject({ code: 2 });
    for (const to of ['no/such/dir', '.']) {
      const unwritten = await hive('artifact', 'get', 'notes/a', to);
      expect(unwritten).toMatchObject({ code: 2, stdout: '' });
      expect(unwritten.stderr).toMatch(/^error\[E_NO_FILE\]: cannot write/);
    }
    ground.file('large', 'x'.repeat(16 * 1024 * 1024 + 1));
    const large = await hive('artifact', 'put', 'a', 'large');
    expect(large.code).toBe(2);
    expect(large.stderr).toMatch(/16777217 bytes; an artifact may have 16777216/);
  });
});

describe('hive artifact versions, diff, rm, freeze', () => {
  const put = (key: string, text: string, ...flags: string[]) =>
    ground.feed(text, 'artifact', 'put', key, '-', ...flags);

  it('writes only on top of the version that is expected (M12)', async () => {
    expect(await put('v/a', 'one', '--if-version', '0')).toMatchObject({ stdout: 'v/a@v1\n' });
    const stale = await put('v/a', 'x', '--if-version', '0');
    expect(stale).toMatchObject({ code: 5, stdout: '' });
    expect(stale.stderr).toContain('error[E_CONFLICT]: The artifact "v/a" is at version 1;');
    expect(await put('v/a', 'two', '--if-version', 'v1')).toMatchObject({ stdout: 'v/a@v2\n' });
    expect(await put('v/a', 'x', '--if-version', 'last')).toMatchObject({ code: 2 });
    expect(await json('artifact', 'versions', 'v/a')).toMatchObject({
      kind: 'ArtifactVersionList',
      items: [
        { version: 1, sizeBytes: 3, ownerPid: 1, storedByPid: 1, task: null, frozen: false },
        { version: 2, key: 'v/a', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      ],
    });
    expect((await hive('artifact', 'versions', 'v/a')).stdout).toMatch(/^VERSION +SIZE +BY +TASK/);
    expect(await hive('artifact', 'versions', 'v/none')).toMatchObject({ code: 3, stdout: '' });
  });

  it('diffs versions with the exit codes of diff', async () => {
    await put('d', 'a\nb\nc\n');
    await put('d', 'a\nB\nc\n');
    const differ = await hive('artifact', 'diff', 'd');
    const shown = '--- d@v1\n+++ d@v2\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n';
    expect(differ).toMatchObject({ code: 1, stderr: '', stdout: shown });
    expect((await hive('artifact', 'diff', 'd@v1', '-U', '0')).stdout).toContain('@@ -2 +2 @@');
    expect(await hive('artifact', 'diff', 'd@v2', 'd@v2')).toMatchObject({ code: 0, stdout: '' });
    expect(await json('artifact', 'diff', 'd@v2', 'd@v1')).toMatchObject({
      ...{ kind: 'ArtifactDiff', same: false, binary: false, from: 'd@v2', to: 'd@v1' },
    });
    await put('d', 'a\0b');
    const binary = await hive('artifact', 'diff', 'd');
    expect(binary).toMatchObject({ code: 1, stdout: 'Binary artifacts d@v2 and d@v3 differ\n' });
    for (const args of [['none'], ['d@v9'], ['d', 'd@v9'], ['d', '-U', 'x']]) {
      expect(await hive('artifact', 'diff', ...args)).toMatchObject({ code: 2, stdout: '' });
    }
    await put('d/one', 'x');
    const alone = await hive('artifact', 'diff', 'd/one');
    expect(alone).toMatchObject({ code: 2, stdout: '' });
    expect(alone.stderr).toContain('Only one version of d/one is kept.');
  });

  it('freezes what never changes again, and asks before it deletes that', async () => {
    await put('f', 'one');
    expect(await hive('artifact', 'freeze', 'f')).toMatchObject({ code: 0, stdout: 'f@v1\n' });
    const changed = await put('f', 'two');
    expect(changed).toMatchObject({ code: 5, stdout: '' });
    expect(changed.stderr).toContain('is frozen at version 1 and never changes again');
    expect((await hive('artifact', 'ls', 'f')).stdout).toContain('v1 frozen');
    const unasked = await hive('artifact', 'rm', 'f');
    expect(unasked).toMatchObject({ code: 2, stdout: '' });
    expect(unasked.stderr).toContain('This deletes 1 artifact (1 version, 3 B), 1 of them frozen.');
    expect(await hive('artifact', 'rm', 'f', '--yes')).toMatchObject({ code: 0, stdout: 'f\n' });
    expect(await put('f', 'new', '--frozen')).toMatchObject({ stdout: 'f@v1\n' });
  });

  it('deletes by key and id, tells what did not work, and frees the key', async () => {
    await put('r/a', 'one');
    const { stdout } = await hive('artifact', 'ls', 'r/a', '--columns', 'id', '-o', 'csv');
    const id = stdout.trim().split('\n').at(-1) ?? '';
    expect(id).toMatch(/^a\d+$/);
    expect((await hive('artifact', 'get', `id:${id}`)).stdout).toBe('one');
    expect(await put(`id:${id}`, 'two')).toMatchObject({ stdout: `id:${id}@v2\n` });
    const lost = await hive('artifact', 'rm', 'r/a', '--if-version', '1');
    expect(lost).toMatchObject({ code: 5, stdout: '' });
    expect(await hive('artifact', 'rm', 'r/a@v1')).toMatchObject({ code: 2 });
    await put('r/b', 'b');
    const some = await hive('artifact', 'rm', `id:${id}`, 'r/none', 'r/b', '--yes');
    expect(some).toMatchObject({ code: 8, stdout: 'r/a\nr/b\n' });
    expect(some.stderr).toContain('error[E_NOT_FOUND]: r/none:');
    expect(await hive('artifact', 'rm', 'r/a')).toMatchObject({ code: 3, stdout: '' });
    expect(await put('r/a', 'again')).toMatchObject({ stdout: 'r/a@v1\n' });
    expect((await hive('journal')).stdout).toContain('deleted r/a: 2 versions, 6 B');
  });
});

describe('hive journal', () => {
  it('cuts to the last n, filters, and numbers without a gap', async () => {
    const lines = (await hive('journal', '-n', '5', '-o', 'jsonl')).stdout.trim().split('\n');
    const seqs = lines.map((line) => (JSON.parse(line) as { seq: number }).seq);
    const first = seqs[0] ?? 0;
    expect(seqs).toEqual([0, 1, 2, 3, 4].map((i) => first + i));
    const errors = await json('journal', '-p', 'error', '-n', 'all');
    expect(errors.items.length).toBeGreaterThan(0);
    for (const { level } of errors.items) expect(level).toBe('error');
    expect((await json('journal', '-g', 'booted')).items).toHaveLength(1);
    expect((await json('journal', '--since', '0ms')).items).toEqual([]);
    expect((await json('journal', '--after-cursor', String(first))).items[0]).toMatchObject({
      seq: first + 1,
    });
    expect(await hive('journal', '-p', 'loud')).toMatchObject({ code: 2 });
    expect(await hive('journal', '-n', '0')).toMatchObject({ code: 2, stdout: '' });
    const csv = (await hive('journal', '-n', '1', '-o', 'csv')).stdout;
    expect(csv).toMatch(/^seq,at,level,kind,pid,msg\r\n\d+,.*\r\n$/);
  });

  it('names who was born meanwhile also where the filter leaves the birth out', async () => {
    const child = ground.start('journal', '-f', '-n', '1', '-g', 'booted|is gone');
    await said(child.stdout, /\n/);
    const buried = said(child.stdout, /newborn\(\d+\) +is gone/);
    await hive('spawn', './echo.ts#Echo', '--name', 'newborn');
    await hive('kill', 'newborn', '--yes');
    await buried;
    const end = ground.endOf(child);
    child.kill('SIGTERM');
    expect((await end).code).toBe(143);
  });
});

describe('hive up', () => {
  it('says the same of a data directory that is a file, and of a port that is taken', async () => {
    ground.file('plain', 'no directory');
    for (const how of [['up'], ['up', '-d'], ['demo', '--once']]) {
      const { code, stderr } = await hive(...how, '--data', 'plain', '--model', 'sim');
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error\[E_DATA_DIR\]: .*plain is a file, not a directory\n/);
    }
    const doctor = await hive('doctor', '--data', 'plain');
    expect(doctor).toMatchObject({ code: 1 });
    expect(doctor.stdout).toContain('plain is a file, not a directory');
    const { addresses } = (await json('status')) as unknown as { addresses: { http: string } };
    const port = new URL(addresses.http).port;
    for (const how of [['up'], ['up', '-d']]) {
      const flags = ['--data', 'other', '--http-port', port, '--listen', ':0', '--model', 'sim'];
      const { code, stderr } = await hive(...how, ...flags);
      expect(code).toBe(5);
      expect(stderr.match(/in use by another program/g)).toHaveLength(1);
      expect(stderr).toMatch(/^error\[E_CONFLICT\]: .*--http-port/);
    }
  });
});

describe('hive doctor', () => {
  it('finds all well beside a running kernel', async () => {
    const { stdout, code } = await hive('doctor');
    expect(stdout).not.toContain('✗');
    expect(stdout).toMatch(/✓ kernel +\d.*OS process/);
    expect(code).toBe(0);
  });
});

describe('hive down', () => {
  it('returns when the kernel and its agents are gone, and has nothing to do twice', async () => {
    const { stdout } = await hive('spawn', './echo.ts#Echo');
    const agent = (await json('ps', stdout.trim())).items[0];
    const kernelPid = ground.kernelPid ?? 0;
    expect(await ground.runProcess('down')).toMatchObject({ code: 0, stdout: '' });
    expect(isOsProcessAlive(kernelPid)).toBe(false);
    expect(isOsProcessAlive(Number(agent?.['osPid']))).toBe(false);
    const again = await hive('down');
    expect(again).toMatchObject({ code: 0, stdout: '', stderr: 'not running\n' });
    expect(await hive('status')).toMatchObject({ code: 3 });
    expect(await ground.runProcess('ps')).toMatchObject({ code: 69, stdout: '' });
  });
});
