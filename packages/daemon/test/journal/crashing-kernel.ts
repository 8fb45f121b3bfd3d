// Run as a process of its own by the crash test: a journaled kernel with a follower, many sends
// under way at once, processes that come and go. Each answer that left is a line on stdout. It
// ends by being killed.

import { asPid, DEFAULT_SETTINGS, KING_PID, type Call, type CallResult } from '@hivekernel/kernel';
import { messageOrder, spawnOrder, textContent } from '@hivekernel/testkit';
import { JournaledKernel } from '../../src/journal/journaled-kernel.ts';
import { SnapshotFollower } from '../../src/journal/snapshot-follower.ts';
import { SqliteStore } from '../../src/journal/sqlite/sqlite-store.ts';

const LANES = 32;
const SENDS_PER_BOX = 2_000;
const LARGE_BYTES = 6_000;

const dir = process.argv[2] ?? '.';
const settings = { ...DEFAULT_SETTINGS, kingChildrenMax: 100_000 };
const store = await SqliteStore.open({ dir, ballastBytes: 0 });
const fail = (error: Error): never => {
  throw error;
};
const host = await JournaledKernel.open({ store, settings, onFatal: fail });
const nothing = (): void => undefined;
const idle = {
  ...{ execute: nothing, interrupt: nothing, deliver: nothing },
  ...{ stop: nothing, pause: nothing, resume: nothing, dump: nothing },
};
host.start({
  ...idle,
  start: ({ pid, incarnation }) => {
    host.fact({ fact: 'started', pid, incarnation, osPid: 1, osStarted: 'x' });
    host.fact({ fact: 'ready', pid, incarnation });
  },
});
host.fact({ fact: 'booted', version: 'test', bootId: `${process.pid}` });
const follower = new SnapshotFollower({
  ...{ store, dir, settings, partition: 0, epoch: host.lease.epoch, host },
  ...{ everyEvents: 500, everyMs: 60_000, keepMs: 0, keepBytes: 0, onError: fail },
});
follower.start();

let lastCall = 0;
const report = (line: string): void => void process.stdout.write(`${line}\n`);

function ask(name: 'send' | 'spawn', args: unknown): Promise<CallResult> {
  lastCall += 1;
  const ref = { channel: `crash-${process.pid}`, pid: KING_PID, id: lastCall };
  const call = { name, args, ref, task: null, isOperator: false } as unknown as Call;
  return new Promise((resolve) => host.call(call, resolve));
}

async function spawn(image: string): Promise<number> {
  const result = await ask('spawn', spawnOrder({ image, exitAfterTask: false }));
  if (!result.ok) throw result.error;
  const { pid } = result.value as { pid: number };
  report(`${image === '' ? 'virtual' : 'agent'} ${pid}`);
  return pid;
}

async function sendForEver(): Promise<never> {
  for (;;) {
    const to = asPid(await spawn(''));
    for (let i = 0; i < SENDS_PER_BOX / LANES; i += 1) {
      const large = new Uint8Array(LARGE_BYTES).fill(lastCall % 256);
      const content = i % 8 === 0 ? host.content(large) : textContent(`text ${lastCall}`);
      const result = await ask('send', messageOrder({ to, content }));
      if (!result.ok) throw result.error;
      const { message } = result.value as { message: number };
      report(`message ${to} ${message}`);
    }
  }
}

await spawn('an-agent');
await Promise.all(Array.from({ length: LANES }, sendForEver));
