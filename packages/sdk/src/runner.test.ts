// Real processes: the runner as the daemon starts it, and a kernel that is a session on a socket.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { readHello, ServerSession, socketStream } from '@hivekernel/protocol/link';
import type { IncomingCall } from '@hivekernel/protocol/link';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const RUNNER = fileURLToPath(new URL('./runner.ts', import.meta.url));
const DEADLINE_MS = 10_000;

const FILES: Readonly<Record<string, string>> = {
  'echo.ts': `
    import { Agent, defineAgent } from '@hivekernel/sdk';
    import type { Task, TaskContext } from '@hivekernel/sdk';
    export class Echo extends Agent {
      override async onTask(task: Task, ctx: TaskContext): Promise<string> {
        console.log('working on', task.description);
        if (task.description === 'pid') return String(process.pid);
        if (task.description === 'cwd') return process.cwd();
        if (task.description === 'throw-later') setTimeout(() => { throw new Error('oops'); }, 0);
        if (task.description === 'exit') await ctx.exit({ exitCode: 7 });
        if (task.description === 'info') return (await ctx.info()).name;
        return task.description;
      }
    }
    export default defineAgent(() => 'the default');`,
  'forever.ts': `
    import { once } from 'node:events';
    import { Agent } from '@hivekernel/sdk';
    export default class Forever extends Agent {
      override async onTask() { setInterval(() => {}, 10); await new Promise(() => {}); }
      override onShutdown() { return 'where I was'; }
    }`,
  'flood.ts': `
    export default { onTask() {
      for (let line = 0; line < 50_000; line += 1) console.log('line', line, 'of a lot of output');
    } };`,
  'throws.ts': `throw new Error('cannot be loaded today');`,
  'syntax.ts': `export const = 1;`,
  'init.ts': `export default class { onInit() { throw new Error('no key'); } }`,
};

let dir: string;
const cleanups: (() => Promise<unknown> | void)[] = [];

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hive-run-'));
  for (const [name, source] of Object.entries(FILES)) writeFileSync(join(dir, name), source);
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

interface Started {
  readonly child: ChildProcess;
  readonly session: Promise<ServerSession>;
  readonly hello: Promise<{ startToken: string; pid: number; client: string }>;
  readonly stdout: Promise<string>;
  readonly stderr: Promise<string>;
  readonly exit: Promise<readonly [number | null, NodeJS.Signals | null]>;
  /** Ends the socket, as a dead kernel does. */
  cut(): void;
}

function answerInfo(call: IncomingCall): void {
  call.fail('not_found', `no such call in this test: ${call.body.$case}`);
}

async function listen(server: Server): Promise<string> {
  const path = join(mkdtempSync(join(dir, 's-')), 'k');
  server.listen(path);
  await once(server, 'listening');
  return path;
}

async function run(
  image: string,
  options: {
    project?: string;
    onCall?: (call: IncomingCall) => void;
    env?: Record<string, string>;
  } = {},
): Promise<Started> {
  const session = Promise.withResolvers<ServerSession>();
  const hello = Promise.withResolvers<{ startToken: string; pid: number; client: string }>();
  session.promise.catch(() => undefined);
  hello.promise.catch(() => undefined);
  let cut = (): void => undefined;
  const server = createServer((socket) => {
    cut = () => socket.destroy();
    void readHello(socketStream(socket), { signal: AbortSignal.timeout(DEADLINE_MS) }).then(
      (link) => {
        const one = new ServerSession({
          mayCallAs: (pid) => pid === 5,
          handlers: {
            onCall: options.onCall ?? answerInfo,
            onGarbage: (error) => session.reject(error),
            onDetached: () => one.close(),
          },
        });
        one.attach(link, { resumeSecret: 's', kernelVersion: 't', bootId: 'b' });
        hello.resolve(link.hello);
        session.resolve(one);
      },
      (error: unknown) => session.reject(error),
    );
  });
  const path = await listen(server);
  const child = spawn(process.execPath, [RUNNER, image], {
    cwd: dir,
    env: {
      PATH: process.env['PATH'] ?? '',
      HIVEKERNEL_PID: '5',
      HIVE_LINK: path,
      HIVE_PROJECT: options.project ?? dir,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const token = child.stdio[3] as NodeJS.WritableStream;
  token.on('error', () => undefined);
  token.end('secret-token\n');
  cleanups.push(
    () => void server.close(),
    () => void child.kill('SIGKILL'),
  );
  return {
    child,
    session: session.promise,
    hello: hello.promise,
    stdout: text(child.stdout as NodeJS.ReadableStream),
    stderr: text(child.stderr as NodeJS.ReadableStream),
    exit: once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
    cut: () => cut(),
  };
}

const INIT = {
  pid: 5,
  ppid: 1,
  user: 'root',
  role: 2,
  cognitiveTier: 1,
  config: { name: 'echo', systemPrompt: '', model: 'sonnet', metadata: {} },
  limits: undefined,
  tools: [],
  env: {},
} as const;

const task = (description: string) => ({
  taskId: `t-${description}`,
  description,
  params: {},
  priority: 2 as const,
  timeoutSeconds: 0,
  context: new Uint8Array(),
  parentTaskId: '',
  retriesMax: 0,
});

async function ready(image: string, options: Parameters<typeof run>[1] = {}) {
  const started = await run(image, options);
  const session = await started.session;
  const init = await session.request('init', { ...INIT, tools: [] }, { pid: 5 });
  const execute = (what: string) => session.request('execute', task(what), { pid: 5 });
  return { ...started, session, init, execute };
}

describe('runner', () => {
  it('starts a TypeScript agent from outside the workspace, with the token of fd 3', async () => {
    const agent = await ready('./echo.ts#Echo');
    expect(agent.init).toEqual({ ready: true, error: '' });
    expect(await agent.hello).toMatchObject({
      startToken: 'secret-token',
      pid: 5,
      client: 'sdk/0.1.0',
    });
    expect((await agent.execute('hello')).result?.output).toBe('hello');
    expect((await agent.execute('pid')).result?.output).toBe(String(agent.child.pid));
    expect((await agent.execute('cwd')).result?.output).toBe(dir);
    const shutdown = { reason: 0, gracePeriodSeconds: 5 } as const;
    await agent.session.request('shutdown', shutdown, { pid: 5 });
    expect(await agent.exit).toEqual([0, null]);
    expect(await agent.stdout).toContain('working on hello');
    expect(await agent.stderr).toBe('');
  });

  it('leaves only when all that was printed is out', async () => {
    const agent = await ready('./flood.ts');
    await agent.execute('x');
    const shutdown = { reason: 0, gracePeriodSeconds: 5 } as const;
    await agent.session.request('shutdown', shutdown, { pid: 5 });
    expect(await agent.exit).toEqual([0, null]);
    expect((await agent.stdout).split('\n')).toHaveLength(50_001);
  });

  it('runs the default export, by an absolute path too', async () => {
    const agent = await ready(join(dir, 'echo.ts'), { project: '/' });
    expect((await agent.execute('x')).result?.output).toBe('the default');
  });

  it('takes the SDK and packages of the project first (package#Export)', async () => {
    const project = mkdtempSync(join(dir, 'p-'));
    const package_ = join(project, 'node_modules', 'my-agents');
    mkdirSync(package_, { recursive: true });
    const manifest = {
      name: 'my-agents',
      type: 'module',
      exports: { '.': { import: './index.js' } },
    };
    writeFileSync(join(package_, 'package.json'), JSON.stringify(manifest));
    const source = `import { defineAgent } from '@hivekernel/sdk';
      export const Mine = defineAgent(() => import.meta.resolve('@hivekernel/sdk'));`;
    writeFileSync(join(package_, 'index.js'), source);
    const first = await ready('my-agents#Mine', { project });
    expect((await first.execute('x')).result?.output).toContain('/packages/sdk/src/index.ts');
    const own = join(project, 'node_modules', '@hivekernel');
    mkdirSync(join(own, 'sdk-copy'), { recursive: true });
    symlinkSync('sdk-copy', join(own, 'sdk'));
    const copy = { name: '@hivekernel/sdk', type: 'module', exports: './own.js' };
    writeFileSync(join(own, 'sdk-copy', 'package.json'), JSON.stringify(copy));
    writeFileSync(
      join(own, 'sdk-copy', 'own.js'),
      'export const defineAgent = (onTask) => class { onTask() { return onTask(); } };',
    );
    const second = await ready('my-agents#Mine', { project });
    expect((await second.execute('x')).result?.output).toContain('sdk-copy/own.js');
  });

  it('hands calls of the agent to the kernel', async () => {
    const calls: string[] = [];
    const agent = await ready('./echo.ts#Echo', {
      onCall: (call) => {
        calls.push(`${call.body.$case} ${call.taskId} ${call.pid}`);
        call.fail('permission_denied', 'not yours');
      },
    });
    expect(await agent.execute('info')).toMatchObject({ completed: false, error: 'not yours' });
    expect(calls).toEqual(['info t-info 5']);
  });

  it('leaves with the code of ctx.exit()', async () => {
    const agent = await ready('./echo.ts#Echo', {
      onCall: (call) => call.reply({ $case: 'done', value: {} }),
    });
    agent.execute('exit').catch(() => undefined);
    expect(await agent.exit).toEqual([7, null]);
  });

  it('is gone with code 75 when the kernel is, whatever it was doing (R1)', async () => {
    const agent = await ready('./forever.ts');
    agent.execute('x').catch(() => undefined);
    await agent.session.request('heartbeat', { timestamp: 0 }, { pid: 5 });
    agent.cut();
    expect(await agent.exit).toEqual([75, null]);
    expect(await agent.stderr).toContain('lost the kernel');
  });

  it('answers a shutdown with the state, then leaves with 0, whatever timers run', async () => {
    const agent = await ready('./forever.ts');
    const request = { reason: 0, gracePeriodSeconds: 1 } as const;
    const { stateSnapshot } = await agent.session.request('shutdown', request, { pid: 5 });
    expect(new TextDecoder().decode(stateSnapshot)).toBe('where I was');
    expect(await agent.exit).toEqual([0, null]);
  });

  it('prints an uncaught exception and leaves with 1', async () => {
    const agent = await ready('./echo.ts#Echo');
    agent.execute('throw-later').catch(() => undefined);
    expect(await agent.exit).toEqual([1, null]);
    expect(await agent.stderr).toContain('Error: oops');
  });

  it.each([
    ['./throws.ts', 'cannot load ./throws.ts: cannot be loaded today'],
    ['./nowhere.ts#X', 'cannot load ./nowhere.ts#X: Cannot find module'],
    ['./echo.ts#Nobody', 'cannot load ./echo.ts#Nobody: it has no export "Nobody"'],
    ['./syntax.ts', 'cannot load ./syntax.ts: '],
    ['nopackage#X', "cannot load nopackage#X: Cannot find package 'nopackage'"],
    ['./init.ts', 'onInit failed: no key'],
  ])(
    'says why %s does not start, on stderr and to the kernel, and leaves with 1 (R2)',
    async (image, why) => {
      const agent = await ready(image);
      expect(agent.init.ready).toBe(false);
      expect(agent.init.error).toContain(why);
      expect(await agent.exit).toEqual([1, null]);
      expect(await agent.stderr).toContain('error: ');
    },
  );

  it('says how it is meant to be started when nobody gave it a kernel', async () => {
    const child = spawn(process.execPath, [RUNNER, './x.ts'], {
      env: {},
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    cleanups.push(() => void child.kill('SIGKILL'));
    const stderr = text(child.stderr);
    expect(await once(child, 'exit')).toEqual([64, null]);
    expect(await stderr).toContain('hive run ./agent.ts#Name');
  });
});
