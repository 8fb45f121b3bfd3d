// What the test kernel answers to each call: one entry a call, as the kernel's own table has. Whose
// turn it is, and what is written down, is test-kernel.ts.
//   A call that changes the runtime of its own caller is answered first, and carried out then.
import type { agent as wire } from '@hivekernel/protocol';
import type { ReplyBody } from '@hivekernel/protocol/link';
import { taskToWire } from '../context/requests.ts';
import { HiveError } from '../hive-error.ts';
import type { CallValue, PlainCase, ReplyValueOf } from '../kernel-port.ts';
import type { ArtifactShelf } from './artifact-shelf.ts';
import { KING, signalOf } from './test-table.ts';
import type { TestTable } from './test-table.ts';

export interface SeenMessage {
  readonly to: number;
  readonly from: number;
  readonly type: string;
  readonly text: string;
  readonly replyTo: string;
}

export interface TestGround {
  readonly table: TestTable;
  readonly artifacts: ArtifactShelf;
}

export interface TestCaller {
  readonly pid: number;
  /** Empty: outside tasks. */
  readonly taskId: string;
  /** Fires when the caller gives the call up. */
  readonly cancelled: AbortSignal;
}

type Answer<Case extends PlainCase> = (
  ground: TestGround,
  value: CallValue<Case>,
  caller: TestCaller,
) => ReplyValueOf<Case> | void | Promise<ReplyValueOf<Case> | void>;

const DONE: ReplyBody = { $case: 'done', value: {} };
const PLAIN_STORE = { frozen: false, artifactId: '', traceId: '' };
const OK = { error: '', errorCode: '' };
const NO_USAGE = {
  tokensConsumed: 0,
  tokensRemaining: 0,
  childrenActive: 0,
  childrenMax: 0,
  contextUsagePercent: 0,
  uptimeSeconds: 0,
};

/** Throws `unimplemented`, and what the call is refused with. */
export async function answerCall(
  ground: TestGround,
  body: { readonly $case: string; readonly value: unknown },
  caller: TestCaller,
): Promise<ReplyBody> {
  if (!Object.hasOwn(ANSWERS, body.$case)) {
    throw new HiveError('unimplemented', `The test kernel does not know ${body.$case}.`);
  }
  // The entry is the call's own, and its reply has the call's name or is `done`.
  const answer = ANSWERS[body.$case as 'info'] as Answer<'info'>;
  const value = await answer(ground, body.value as CallValue<'info'>, caller);
  return value === undefined ? DONE : ({ $case: body.$case, value } as ReplyBody);
}

const ANSWERS: { readonly [Case in PlainCase]?: Answer<Case> } = {
  spawn: async ({ table }, spawn, { pid }) => {
    return { success: true, childPid: await table.spawn(spawn, pid), ...OK };
  },
  kill: async ({ table }, { targetPid, recursive, reason }) => {
    const killedPids = await table.kill(targetPid, { isRecursive: recursive, reason });
    return { success: true, killedPids, ...OK };
  },
  exit: async ({ table }, { pid: target, exitCode, output }, { pid }) => {
    if (target === 0 || target === pid) table.find(pid).output = output;
    else await table.find(target).complete({ exitCode, output });
  },
  waitChild,
  info: ({ table }, value, { pid }) => table.info(value.pid || pid),
  listChildren: ({ table }, { recursive }, { pid }) => {
    const children = table.below(pid, { isRecursive: recursive });
    return { children: children.map((one) => table.info(one)) };
  },
  listSiblings: ({ table }, _value, { pid }) => {
    const { ppid } = table.find(pid);
    const others = table.all.filter((one) => one.ppid === ppid && one.pid !== pid);
    return { siblings: others.map((one) => one.sibling()) };
  },
  listProcesses: ({ table }, { rootPid, includeDead }) => {
    const root = rootPid || KING;
    const pids = [root, ...table.below(root, { isRecursive: true })];
    const all = pids.map((one) => table.info(one));
    return { processes: all.filter(({ gone }) => includeDead || !gone), seq: 0 };
  },
  ancestors: ({ table }, { targetPid }, { pid }) => {
    return { processes: table.above(targetPid || pid).map((one) => table.info(one)) };
  },
  commonAncestor: ({ table }, { targetPid, otherPid }, { pid }) => {
    return table.info(table.commonAncestor(targetPid || pid, otherPid));
  },
  subtreeNodes: ({ table }, { targetPid }, { pid }) => {
    return { nodes: [table.info(targetPid || pid).vps] };
  },
  reparent: ({ table }, { targetPid, parentPid }) => table.reparent(targetPid, parentPid),
  collapse: async ({ table }, { targetPid, reason }, { pid }) => {
    const results = await table.collapse(targetPid || pid, reason);
    return { results: results.map((exit) => ({ success: true, ...exit, ...OK })) };
  },
  pendingResults: ({ table }, { targetPid }, { pid }) => {
    const results = table.pendingResults(targetPid || pid);
    return { results: results.map((exit) => ({ success: true, ...exit, ...OK })) };
  },
  signal,
  restart: async ({ table }, { targetPid }, { pid }) => {
    const target = table.find(targetPid || pid);
    await unlessItself(target.pid === pid, () => target.restart());
  },
  sleep: async ({ table }, { targetPid }, { pid }) => {
    const target = table.find(targetPid || pid);
    const isItself = target.pid === pid;
    await unlessItself(isItself, () => target.sleep({ isItself }));
  },
  wake: ({ table }, { targetPid }) => table.find(targetPid).wake(),
  checkpoint: ({ table }, { state }, { pid }) => {
    table.find(pid).checkpoint = state;
  },
  send,
  openPipe: ({ table }, value, caller) => table.pipes.open(value, caller),
  writePipe: ({ table }, value, caller) => table.pipes.write(value, caller),
  readPipe: ({ table }, value, caller) => table.pipes.read(value, caller),
  closePipe: ({ table }, value, caller) => table.pipes.close(value, caller),
  subscribe: ({ table }, value, caller) => table.exchange.subscribe(value, caller),
  take: ({ table }, value, caller) => table.exchange.take(value, caller),
  unsubscribe: ({ table }, value, caller) => table.exchange.unsubscribe(value, caller),
  acknowledge: ({ table }, value, caller) => table.exchange.acknowledge(value, caller),
  listQueues: ({ table }, value) => table.exchange.listQueues(value),
  publish: ({ table }, value, caller) => table.exchange.publish(value, caller),
  listTopics: ({ table }, value) => table.exchange.listTopics(value),
  clearTopic: ({ table }, value) => table.exchange.clearTopic(value),
  forgetCursor: ({ table }, value, caller) => table.exchange.forgetCursor(value, caller),
  listInbox: ({ table }, value, { pid }) => {
    if (value.queue !== '') return table.exchange.listQueue(value);
    const { inbox } = table.find(value.pid || pid);
    return { messages: inbox, total: inbox.length, deadLetters: [], deadTotal: 0 };
  },
  store: ({ artifacts }, value, caller) => artifacts.put(value, caller),
  getArtifact: ({ artifacts }, value) => artifacts.get(value),
  listArtifacts: ({ artifacts }, value) => ({ artifacts: artifacts.list(value) }),
  artifactVersions: ({ artifacts }, value) => ({ versions: artifacts.versions(value) }),
  freezeArtifact: ({ artifacts }, value) => artifacts.freeze(value),
  deleteArtifact: ({ artifacts }, value) => artifacts.delete(value),
  executeOn,
  escalate: () => ({ received: true, handledByPid: KING, response: '', errorCode: '' }),
  usage: () => NO_USAGE,
  // Nobody here counts tokens: who asks for some has them.
  requestResources: (_ground, { amount }) => ({
    granted: true,
    grantedAmount: amount,
    reason: '',
    errorCode: '',
  }),
  interrupt: async ({ table }, { targetPid, ...request }, { pid }) => {
    const target = table.find(targetPid || pid);
    await target.session.request('interrupt', request, { pid: target.pid });
  },
  log: () => undefined,
  progress: () => undefined,
  metric: () => undefined,
};

/** Of itself, once the answer has left. */
async function unlessItself(isItself: boolean, change: () => Promise<void>): Promise<void> {
  if (!isItself) return change();
  setImmediate(() => void change().catch(() => undefined)); // The caller is gone by then.
}

async function waitChild(
  { table }: TestGround,
  { targetPid, peek }: CallValue<'waitChild'>,
  { cancelled }: TestCaller,
): Promise<wire.WaitChildResponse> {
  const process = table.find(targetPid);
  const exit = await untilAborted(process.ended, cancelled);
  return { success: true, ...(peek ? exit : process.collect()), ...OK };
}

async function signal(
  { table, artifacts }: TestGround,
  call: CallValue<'signal'>,
  { pid: caller }: TestCaller,
): Promise<ReplyValueOf<'signal'>> {
  const pid = call.targetPid || caller;
  if (signalOf(call.signal) !== 'USR1') return table.signal(pid, call);
  const key = `dump/${pid}`;
  const content = new TextEncoder().encode(await table.dump(pid));
  const contentType = 'application/json';
  const request = { key, content, contentType, visibility: 1, ...PLAIN_STORE } as const;
  artifacts.put(request, { pid, taskId: '' });
  return { killedPids: [], signalledPids: [pid], artifactKey: key };
}

function send(
  { table }: TestGround,
  request: wire.SendMessageRequest,
  caller: TestCaller,
): wire.SendMessageResponse {
  if (request.toQueue !== '') return table.exchange.send(request, caller);
  const messageId = table.id('m');
  const { toAddress, type, payload, replyTo, priority, requiresAck, deadlineMs } = request;
  const to = toAddress === '' ? request.toPid : table.at(toAddress);
  const { pid: fromPid } = caller;
  const fromName = table.nameOf(fromPid);
  const sender = { fromPid, fromName, fromAddress: `/king/${fromName}` };
  if (to !== KING && !table.find(to).isAlive) {
    throw new HiveError('wrong_state', `Process ${to} has ended.`);
  }
  const message = { messageId, ...sender, type, payload, replyTo, deadlineMs };
  // Nothing is tried again here.
  table.post(to, { ...message, priority, requiresAck });
  return { delivered: true, messageId, ...OK };
}

async function executeOn(
  { table }: TestGround,
  { targetPid: pid, task: asked }: wire.ExecuteOnRequest,
  { cancelled }: TestCaller,
): Promise<wire.ExecuteOnResponse> {
  const task = { ...(asked ?? taskToWire({ description: '' }, '')), taskId: table.id('t') };
  const onCancel = (): void => {
    const interrupt = { taskId: task.taskId, reason: 'the caller gave it up' };
    const target = table.find(pid);
    if (target.isAwake)
      target.session.request('interrupt', interrupt, { pid }).catch(() => undefined);
  };
  cancelled.addEventListener('abort', onCancel, { once: true });
  const { completed, result, error } = await table.execute(pid, task);
  return { success: completed, result, error, errorCode: '' };
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new HiveError('cancelled', 'The call was given up.'));
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject);
  });
}
