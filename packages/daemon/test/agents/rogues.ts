// Agents that do what an agent must not: each in a way of its own, by the image's export.

import { readdirSync, readlinkSync, writeSync } from 'node:fs';
import { defineAgent, HiveError } from '@hivekernel/sdk';
import { encodeFrame, link, make } from '@hivekernel/protocol';

const STDERR_FD = 2;
/** Init is the first request of a connection, the first task the second. */
const FIRST_TASK_REQUEST = 2;
/** Far from those that the SDK uses. */
const OWN_CALL_ID = 1_000_000;

/** Of this process's link; none of the standard streams is it. */
function linkFd(): number {
  for (const fd of readdirSync('/proc/self/fd').map(Number)) {
    if (fd <= STDERR_FD) continue;
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')) return fd;
    } catch {
      continue; // The listing itself was a descriptor, too.
    }
  }
  throw new Error('there is no link');
}

function writeFrame(frame: Partial<link.ClientFrame>): void {
  writeSync(linkFd(), encodeFrame(link.ClientFrame.encode(make(link.ClientFrame, frame)).finish()));
}

export const Garbage = defineAgent(async () => {
  writeSync(linkFd(), Buffer.from('GET / HTTP/1.1\r\nHost: nowhere\r\n\r\n'));
  await new Promise(() => {});
});

export const AnswersTwice = defineAgent((task, ctx) => {
  const result = { exitCode: 0, output: 'first', artifacts: {}, metadata: {} };
  const value = { completed: true, result, error: '' };
  const body = { $case: 'execute', value } as const;
  if (task.description === 'twice') {
    writeFrame({ answers: [{ id: FIRST_TASK_REQUEST, pid: ctx.pid, body }] });
  }
  return 'second';
});

/** Speaks for the process that the task names. */
export const Impostor = defineAgent((task) => {
  const body = { $case: 'exit', value: { exitCode: 0, output: 'forged', pid: 0 } } as const;
  writeFrame({ calls: [{ id: OWN_CALL_ID, pid: Number(task.description), taskId: '', body }] });
  return 'tried';
});

/** Gives up a call that is not its own. */
export const Canceller = defineAgent((task, ctx) => {
  const body = { $case: 'cancel', value: { callId: Number(task.description) } } as const;
  writeFrame({ calls: [{ id: OWN_CALL_ID, pid: ctx.pid, taskId: '', body }] });
  return 'tried';
});

/** Asks for what is the operator's. */
export const Usurper = defineAgent((_task, ctx) => {
  const body = { $case: 'stopKernel', value: { reason: 'mine now' } } as const;
  writeFrame({ calls: [{ id: OWN_CALL_ID, pid: ctx.pid, taskId: '', body }] });
  return 'tried';
});

export const NoResult = defineAgent(() => undefined);

export const WrongResult = defineAgent(() => 42 as unknown as string);

export const Throws = defineAgent(() => {
  throw new Error('no idea how');
});

export const InitThrows = defineAgent({
  onInit: () => {
    throw new Error('the cupboard is empty');
  },
});

export const InitExits = defineAgent({ onInit: () => process.exit(9) });

export const InitHangs = defineAgent({ onInit: () => new Promise<void>(() => {}) });

export class NoAgent {
  readonly handlers = 0;
}

const codeOf = (error: unknown): string =>
  error instanceof HiveError ? error.code : String(error);

/** Sends as many messages as the task says to the process that it names. */
export const Flooder = defineAgent(async (task, ctx) => {
  const [to = 0, count = 0] = task.description.split(' ').map(Number);
  const codes: Record<string, number> = {};
  const one = async (): Promise<void> => {
    const code = await ctx.send({ to, payload: 'drop' }).then(() => 'accepted', codeOf);
    codes[code] = (codes[code] ?? 0) + 1;
  };
  await Promise.all(Array.from({ length: count }, one));
  return { metadata: codes };
});

/** What the kernel says to calls about a process that is not there; and to too much. */
export const Asker = defineAgent(async (_task, ctx) => {
  const nobody = 4_000_000;
  const answers: Record<string, string> = {};
  const ask = async (name: string, call: Promise<unknown>): Promise<void> => {
    answers[name] = await call.then(() => 'accepted', codeOf);
  };
  await ask('info', ctx.info(nobody));
  await ask('send', ctx.send({ to: nobody }));
  await ask('kill', ctx.kill(nobody));
  await ask('waitChild', ctx.waitChild(nobody));
  await ask('executeOn', ctx.executeOn(nobody, { description: 'x' }));
  await ask('interrupt', ctx.interrupt(nobody));
  await ask('inbox', ctx.inbox(nobody));
  await ask('executeOnKing', ctx.executeOn(1, { description: 'x' }));
  await ask('payload', ctx.send({ to: ctx.ppid, payload: new Uint8Array(2 ** 20 + 1) }));
  await ask('payloadThatFits', ctx.send({ to: ctx.ppid, payload: new Uint8Array(2 ** 20) }));
  await ask('artifact', ctx.artifacts.put('big', new Uint8Array(2 ** 24 + 1)));
  await ask('artifactThatFits', ctx.artifacts.put('fits', new Uint8Array(2 ** 24)));
  await ask('key', ctx.artifacts.put('k'.repeat(513), 'x'));
  await ask('name', ctx.spawn({ name: 'n'.repeat(129) }));
  return { metadata: answers };
});
