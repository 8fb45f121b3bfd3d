// An agent process for the runtime's tests: `test-agent.ts <behaviour>`. Speaks the link by the
// protocol package alone, and misbehaves on demand; what each behaviour does is said beside its
// name.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { agent, core, link, make } from '@hivekernel/protocol';
import { LIMITS } from '@hivekernel/kernel';
import { LinkCaller, encodeFrame, socketStream } from '@hivekernel/protocol/link';
import type { AnswerBody, IncomingRequest } from '@hivekernel/protocol/link';

const [image = ''] = process.argv.slice(2);
const [behaviour = '', argument = ''] = image.split(':');
const pid = Number(process.env['HIVEKERNEL_PID']);
const startToken = readFileSync(3, 'utf8').trim();

const BEFORE_LINK: Readonly<Record<string, () => void>> = {
  /** Prints, and exits with the code given. */
  exit: () => {
    console.error('giving up');
    process.exit(Number(argument));
  },
  throw: () => {
    throw new Error('broken at load');
  },
  /** Never connects, never ends. */
  silent: () => setInterval(() => undefined, 1_000),
  /** The first bytes on the link are nonsense. */
  babble: () => void connect().write('GET / HTTP/1.1\r\n\r\n'),
};

function connect(): Socket {
  return createConnection(process.env['HIVE_LINK'] ?? '');
}

const UNKNOWN_STATUS: number = 9;
let socket: Socket | undefined;
const caller = new LinkCaller({
  hello: { pid, startToken: behaviour === 'impostor' ? 'guess' : startToken, client: 'test' },
  whenLost: behaviour === 'return' ? 'keep' : 'reject',
  onRequest: (request) => answer(request),
  onLost: ({ error }) => {
    if (behaviour === 'return') void attach();
    else if (behaviour !== 'hang-up') process.exit(error.code === 'unavailable' ? 75 : 76);
  },
});

async function attach(): Promise<void> {
  socket = connect();
  await caller.attach(socketStream(socket));
}

async function answer({ id, body }: IncomingRequest): Promise<AnswerBody> {
  switch (body.$case) {
    case 'init':
      return { $case: 'init', value: await onInit(body.value.config?.metadata ?? {}) };
    case 'execute':
      return { $case: 'execute', value: await onTask(id, body.value.description) };
    case 'deliver': {
      const { messageId, payload } = body.value;
      const text = Buffer.from(payload).toString();
      console.log(`message ${text.slice(0, 40)}`);
      const reply = text.startsWith('reply') ? text.toUpperCase() : '';
      if (text === 'refuse') throw new Error('not this one');
      const status = (text === 'odd' ? UNKNOWN_STATUS : 0) as agent.AckStatus;
      return { $case: 'deliver', value: { messageId, status, reply } };
    }
    case 'heartbeat':
      if (behaviour === 'mute') await new Promise(() => undefined);
      return { $case: 'heartbeat', value: make(agent.HeartbeatResponse, {}) };
    case 'interrupt':
      console.log(`interrupt ${body.value.taskId} ${body.value.reason}`);
      return { $case: 'interrupt', value: { acknowledged: true, partialResult: undefined } };
    case 'shutdown':
      if (behaviour !== 'stubborn') setTimeout(end, 5);
      return { $case: 'shutdown', value: { stateSnapshot: snapshot(), partialResult: undefined } };
    case 'dump':
      if (behaviour === 'mute') await new Promise(() => undefined);
      if (behaviour === 'no-dump') throw new Error('there is nothing to say');
      return { $case: 'dump', value: { json: behaviour === 'babbler' ? 'hm' : '{"tasks":[]}' } };
  }
}

/** Once all that it has said is on its way. */
function end(): void {
  socket?.once('finish', () => process.exit(0)).end();
}

/** `keep:TEXT` hands it over at its end, `hoard` too much. */
function snapshot(): Uint8Array {
  if (behaviour === 'keep') return Buffer.from(argument);
  return new Uint8Array(behaviour === 'hoard' ? LIMITS.checkpointBytesMax + 1 : 0);
}

async function onInit(metadata: Readonly<Record<string, string>>) {
  if (behaviour === 'deaf') await new Promise(() => undefined);
  if (behaviour === 'exit-in-init') process.exit(Number(argument));
  if (behaviour === 'refuse') return { ready: false, error: argument };
  if (behaviour === 'fork' || behaviour === 'stray') forkStubborn(behaviour === 'stray');
  if (behaviour === 'orphan') forkTwice();
  console.log(`state ${metadata['hivekernel.state'] ?? 'none'}`);
  if (behaviour === 'loop') setTimeout(loop, 20);
  if (behaviour === 'hang-up') setInterval(() => undefined, 1_000);
  console.log(`ready in ${process.cwd()} with ${process.env['GREETING'] ?? 'nothing'}`);
  return { ready: true, error: '' };
}

/** A child that ignores SIGTERM, in the agent's group or in a session of its own. */
function forkStubborn(isStray: boolean): void {
  const code = 'process.on("SIGTERM",()=>{});setInterval(()=>{},1000);process.send("up")';
  const child = spawn(process.execPath, ['-e', code], {
    detached: isStray,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.once('message', () => {
    console.log(`child ${child.pid}`);
    child.disconnect();
  });
}

/** A child in a session of its own whose parent is gone at once, as of a program that detaches. */
function forkTwice(): void {
  const child = 'process.on("SIGTERM",()=>{});setInterval(()=>{},1000)';
  const parent = `
    const { spawn } = require('node:child_process');
    const options = { detached: true, stdio: 'ignore' };
    const child = spawn(process.execPath, ['-e', ${JSON.stringify(child)}], options);
    child.unref();
    process.send(child.pid, () => process.exit());`;
  const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const;
  const between = spawn(process.execPath, ['-e', parent], { stdio: [...stdio] });
  between.once('message', (osPid: number) => {
    between.once('exit', () => console.log(`child ${osPid}`));
  });
}

function loop(): void {
  console.log('looping');
  for (;;) if (behaviour === '') return;
}

async function onTask(id: number, description: string): Promise<link.ExecuteAnswer> {
  const result = { exitCode: 0, output: description, artifacts: {}, metadata: {} };
  const done = { completed: true, result, error: '' };
  switch (description) {
    case 'nothing':
      return { ...done, result: undefined };
    case 'fail':
      return { completed: false, result: undefined, error: 'as asked' };
    case 'throw':
      throw new Error('a broken handler');
    case 'too much':
      return { ...done, result: { ...result, output: 'x'.repeat(2 * 1024 * 1024) } };
    case 'twice':
      setImmediate(() => sendRaw(make(link.Answer, { id, pid, body: execute(done) })));
      return done;
    case 'garbage':
      setImmediate(() => socket?.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 2, 3])));
      return new Promise(() => undefined);
    case 'hang up':
      socket?.destroy();
      console.log('hung up');
      return new Promise(() => undefined);
    case 'drop':
      socket?.destroy();
      return done;
    case 'die':
      console.error('dying as asked');
      return process.exit(3);
    case 'segv':
      process.kill(process.pid, 'SIGSEGV');
      return new Promise(() => undefined);
    case 'wait':
      return new Promise(() => undefined);
    case 'end':
      return process.exit(0);
    case 'take':
      return { ...done, result: { ...result, output: await takeAcross() } };
    case 'flood':
      return { ...done, result: { ...result, output: String(await flood()) } };
    default:
      return done;
  }
}

const execute = (value: link.ExecuteAnswer) => ({ $case: 'execute' as const, value });

function sendRaw(answer: link.Answer): void {
  const frame = link.ClientFrame.encode(make(link.ClientFrame, { answers: [answer] })).finish();
  socket?.write(encodeFrame(frame));
}

const FLOOD_CALLS = 20_000;

async function flood(): Promise<number> {
  const calls = Array.from({ length: FLOOD_CALLS }, () => caller.call('usage', {}));
  return (await Promise.all(calls)).length;
}

/** A take waits while the link breaks, and what it waits for comes just then. */
async function takeAcross(): Promise<string> {
  const order = make(core.SubscribeRequest, { queue: 'jobs', withAck: true });
  const { subscription } = await caller.call('subscribe', order);
  const taking = caller.call('take', make(link.TakeCall, { subscription }));
  await caller.call('usage', {});
  const job = make(agent.SendMessageRequest, { toQueue: 'jobs', payload: Buffer.from('x') });
  const sending = caller.call('send', job);
  setImmediate(() => socket?.destroy());
  const { messages } = await taking;
  await sending;
  const acceptedIds = messages.map(({ messageId }) => messageId);
  const next = make(link.TakeCall, { subscription, acceptedIds, timeoutMs: 1 });
  const more = await caller.call('take', next);
  return `${messages.length} and then ${more.messages.length}`;
}

const isBeforeLink = BEFORE_LINK[behaviour];
if (isBeforeLink) isBeforeLink();
else await attach();
