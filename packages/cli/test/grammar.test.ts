import { afterAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../src/command-table.ts';
import { HiveGround } from './hive-ground.ts';

const ground = new HiveGround();
const hive = (...args: string[]) => ground.run(...args);

afterAll(() => ground.end());

describe('hive', () => {
  it('lists every command in its help, which is on stdout', async () => {
    const { stdout, code } = await ground.runProcess('--help');
    expect(code).toBe(0);
    for (const { name, group } of COMMANDS) {
      expect(stdout).toContain(`\n  ${name} `);
      expect(stdout).toContain(`\n${group}\n`);
    }
  });

  it('says with 2 that a command is missing', async () => {
    expect(await ground.runProcess()).toMatchObject({ code: 2, stdout: '' });
  });

  it.each([
    { args: ['kil', '42'], says: 'unknown command "kil". Did you mean "kill"?' },
    { args: ['xyzzy'], says: 'unknown command "xyzzy".' },
    { args: ['artifact', 'gt'], says: 'unknown command "gt". Did you mean "get"?' },
    { args: ['ps', '--livee'], says: 'unknown option "--livee". Did you mean "--live"?' },
    { args: ['kill'], says: "missing required argument 'selector'." },
    { args: ['ps', 'a', 'b'], says: 'too many arguments' },
    { args: ['ps', '-o', 'xml'], says: '-o wants one of table, wide, json' },
    { args: ['ps', '--timeout', '5'], says: '--timeout wants a time with its unit' },
    { args: ['kill', '-FOO', '7'], says: 'There is no signal "FOO"; there are TERM, KILL,' },
    { args: ['kill', '-11', '7'], says: 'There is no signal "11"' },
    { args: ['kill', '-9'], says: "missing required argument 'selector'." },
    { args: ['kill', '-9', '7', '--grace', '1s'], says: '--grace is for TERM; KILL has none.' },
    { args: ['kill', '7', '--grace', '2h'], says: '--grace is at most 1h' },
    { args: ['spawn', 'x', '--name', 'x=y'], says: '"x=y" is no name for an agent' },
    { args: ['wait', '7', '--for', 'state=waitin'], says: 'There is no state "waitin"' },
    { args: ['wait', '7', '--peek'], says: '--peek goes with --for exit.' },
    { args: ['spawn', 'x', '--restart', 'twice'], says: "option '--restart <policy>' argument" },
    { args: ['run', 'x', 'y', '--retries', 'many'], says: '--retries wants a whole number' },
    { args: ['reparent', '7'], says: "missing required argument 'parent'." },
    { args: ['help', 'pss'], says: 'There is no help for "pss". Did you mean "ps"?' },
  ])('refuses $args with 2', async ({ args, says }) => {
    const { stdout, stderr, code } = await hive(...args);
    expect(stderr).toContain(`error[E_USAGE]: ${says}`);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
  });

  it('tells errors as one JSON object on stderr with -o json', async () => {
    const { stdout, stderr, code } = await ground.runProcess('ps', '-o', 'json');
    expect(stdout).toBe('');
    expect(code).toBe(69);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'E_UNREACHABLE', exitCode: 69 });
  });

  it('takes its flags before and after the command', async () => {
    const before = await hive('--data', 'x', '-o', 'json', 'status');
    expect(JSON.parse(before.stdout)).toMatchObject({ state: 'stopped' });
    const after = await hive('status', '-o', 'json', '--data', 'x');
    expect(after.stdout).toBe(before.stdout);
    expect(after.code).toBe(3);
  });

  it('ends quietly when its reader goes away', async () => {
    const child = ground.start('config', 'ls', '-o', 'json');
    child.stdout.destroy();
    child.stdin.end();
    const stderr: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(Buffer.concat(stderr).toString()).toBe('');
    expect(code).toBe(0);
  });
});

describe('hive help', () => {
  it('tells the exit codes, for people and machines', async () => {
    const { stdout } = await hive('help', 'exit-codes', '-o', 'json');
    const { items } = JSON.parse(stdout) as { items: { code: number }[] };
    expect(items.map(({ code }) => code)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 69, 70, 78, 130, 143,
    ]);
    expect((await hive('help', 'exit-codes')).stdout).toMatch(/^CODE {2}MEANING\n/);
  });

  it.each(COMMANDS.map(({ name }) => name))('of %s is the same as --help', async (name) => {
    const { stdout, code } = await hive('help', name);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: hive ${name}`);
    expect((await hive(name, '--help')).stdout).toBe(stdout);
  });
});

describe('hive config ls', () => {
  it('shows where each value came from, and ends with 78 on a bad file', async () => {
    ground.file('hive.yaml', 'node: alpha\n');
    const { stdout } = await hive('config', 'ls', '--show-origin', '-o', 'json');
    const { items } = JSON.parse(stdout) as { items: { key: string }[] };
    expect(items.find(({ key }) => key === 'node')).toMatchObject({
      value: 'alpha',
      origin: expect.stringContaining('hive.yaml:1'),
      originKind: 'project_file',
    });
    ground.file('hive.yaml', 'nodee: alpha\n');
    const bad = await hive('config', 'ls');
    expect(bad).toMatchObject({ code: 78, stdout: '' });
    expect(bad.stderr).toMatch(
      /^error\[E_CONFIG\]: 1 problem in the configuration\n {2}hive.yaml:1/,
    );
    expect(await hive('up', '-d')).toMatchObject({ code: 78 });
    expect(await hive('doctor')).toMatchObject({ code: 1 });
  });
});
