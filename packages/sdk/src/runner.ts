// The runner: the process that the kernel starts for an agent. `runner.ts <image>`, with the start
// token on fd 3 and the kernel's socket in HIVE_LINK. It loads the agent while it connects, and
// hands requests to the host.
//   R1. No process outlives its kernel: when the link ends, everything is aborted and the process
//       is gone within 500 ms (exit code 75), whatever its agent does that lets timers run.
//   R2. A module that does not load says why on stderr and in the answer to Init, and exits 1.
//   R3. The start token is read once and fd 3 closed: children of the agent do not inherit it.
import { once } from 'node:events';
import { flushCompileCache } from 'node:module';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { LinkCaller, socketStream } from '@hivekernel/protocol/link-client';
import { messageOf } from './hive-error.ts';
import { AgentHost, EXIT_FAILED_START } from './host/agent-host.ts';
import { loadAgent } from './image.ts';
import { installResolveHooks } from './resolve-hooks.ts';

// Imported, the whole of it would be made ready, streams included: 5 ms of each start.
const { closeSync, readFileSync } = process.getBuiltinModule('node:fs');

const CLIENT = 'sdk/0.1.0';
const TOKEN_FD = 3;
/** EX_USAGE and EX_TEMPFAIL of sysexits.h. */
const EXIT_USAGE = 64;
const EXIT_LINK_LOST = 75;
/** R1, with a reserve for the exit itself. */
const LINK_LOST_GRACE_MS = 400;
/** How long the kernel may take to read the last answers. */
const FLUSH_MS = 500;
/** For what was printed; a daemon that reads needs far less. */
const PRINT_MS = 2_000;
/** How long a module that did not load waits to tell it in the answer to Init. */
const TELL_FAILED_START_MS = 2_000;
/** What was compiled is written once the start is over, not at the exit, where a kill waits. */
const CACHE_FLUSH_AFTER_MS = 1_000;
const EXIT_CODE_MASK = 0xff;

interface Launch {
  readonly image: string;
  readonly pid: number;
  readonly linkPath: string;
  readonly projectDir: string;
  readonly startToken: string;
}

class UsageError extends Error {}

function launchOf(argv: readonly string[], env: NodeJS.ProcessEnv): Launch {
  const image = argv[2];
  const linkPath = env['HIVE_LINK'];
  const pid = Number(env['HIVEKERNEL_PID']);
  if (image === undefined || linkPath === undefined || !Number.isSafeInteger(pid)) {
    throw new UsageError(
      'this program is started by the kernel; to run an agent: hive run ./agent.ts#Name "task"',
    );
  }
  const projectDir = env['HIVE_PROJECT'] ?? process.cwd();
  return { image, pid, linkPath, projectDir, startToken: readStartToken() };
}

function readStartToken(): string {
  try {
    const [token = ''] = readFileSync(TOKEN_FD, 'utf8').split('\n');
    closeSync(TOKEN_FD);
    return token;
  } catch (error) {
    throw new UsageError(`no start token on fd ${TOKEN_FD}: ${messageOf(error)}`);
  }
}

/** Resolves when all that was printed has left the process, or nobody takes it. */
async function printed(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableLength === 0 || stream.destroyed) continue;
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }
}

class Runner {
  readonly #launch: Launch;
  readonly #socket: Socket;
  readonly #caller: LinkCaller;
  readonly #host: AgentHost;
  #isEnding = false;

  constructor(launch: Launch) {
    this.#launch = launch;
    this.#socket = createConnection(launch.linkPath);
    const { pid, startToken } = launch;
    this.#caller = new LinkCaller({
      hello: { pid, startToken, client: CLIENT },
      whenLost: 'reject',
      onRequest: ({ body }) => this.#host.handle(body),
      onLost: ({ error }) => this.#onLost(error.message),
    });
    installResolveHooks(launch.projectDir);
    const agent = loadAgent(launch.image, launch.projectDir);
    this.#host = new AgentHost({
      port: this.#caller,
      agent,
      onEnd: (exitCode) => void this.#end(exitCode), // ends in process.exit
    });
    agent.catch((error: unknown) => this.#onLoadFailed(error));
  }

  async start(): Promise<void> {
    try {
      await this.#caller.attach(socketStream(this.#socket));
    } catch (error) {
      this.#onLost(messageOf(error));
    }
  }

  #onLoadFailed(error: unknown): void {
    console.error(`error: ${messageOf(error)}`);
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof Error && cause.stack !== undefined) console.error(cause.stack);
    setTimeout(() => process.exit(EXIT_FAILED_START), TELL_FAILED_START_MS);
  }

  #onLost(why: string): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    console.error(`error: ${this.#launch.image} lost the kernel: ${why}`);
    setTimeout(() => process.exit(EXIT_LINK_LOST), LINK_LOST_GRACE_MS);
    this.#host.abort('the kernel is gone');
  }

  async #end(exitCode: number): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    await Promise.race([this.#flush(), delay(FLUSH_MS)]);
    // Pipes to the daemon are written in the background: what was printed is still in here.
    await Promise.race([printed(), delay(PRINT_MS)]);
    const code = exitCode & EXIT_CODE_MASK;
    process.exit(exitCode !== 0 && code === 0 ? 1 : code);
  }

  async #flush(): Promise<void> {
    this.#caller.flush();
    while (this.#socket.writableNeedDrain) await once(this.#socket, 'drain');
    const closed = once(this.#socket, 'close');
    this.#caller.close();
    await closed;
  }
}

try {
  await new Runner(launchOf(process.argv, process.env)).start();
  setTimeout(flushCompileCache, CACHE_FLUSH_AFTER_MS).unref();
} catch (error) {
  console.error(`error: ${messageOf(error)}`);
  process.exit(error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED_START);
}
