// What holds in every state of the kernel, recomputed from scratch and compared with what the
// kernel counts as it goes. Each finding is a sentence; none means that all is well.

import { isLive, KING_PID, LIMITS, type Kernel, type Pid } from '@hivekernel/kernel';
import { brokenTopics } from './topic-invariants.ts';

type State = Kernel['state'];
type Record = State['table']['king'];

export function brokenInvariants(kernel: Kernel): string[] {
  const { state } = kernel;
  return [
    ...[...state.table.byPid.values()].flatMap((record) => brokenProcess(state, record)),
    ...brokenMail(state),
    ...brokenQueues(state),
    ...brokenTopics(state),
    ...brokenArtifacts(state),
    ...brokenOwed(state),
    ...brokenBudgets(state),
  ];
}

function brokenProcess(state: State, record: Record): string[] {
  const found: string[] = [];
  const say = (what: string): number => found.push(`process ${record.pid} ${what}`);
  const { parent } = record;
  const isKing = record.pid === KING_PID;
  if (isKing !== (parent === undefined)) say('has no parent, or is a king with one (P2)');
  if (parent !== undefined) {
    if (parent.children.get(record.pid) !== record) say('is not among its parent’s children');
    if (record.depth !== parent.depth + 1) say(`has depth ${record.depth}, not its parent's + 1`);
    if (parent.isGone) say(`has a parent that is gone for good, ${parent.pid} (P9)`);
  }
  if (isKing && record.state !== 'running') say(`is the king and ${record.state} (P2)`);
  if (record.isGone && isLive(record.state) && record.state !== 'starting') say('lives on, gone');
  if (record.isGone === (state.table.atAddress(record.address) === record)) {
    say(`and its address ${record.address} do not go together (P7)`);
  }
  found.push(...brokenCounts(state, record));
  return found;
}

function brokenCounts(state: State, record: Record): string[] {
  const found: string[] = [];
  const equal = (what: string, counted: number, true_: number): void => {
    if (counted === true_) return;
    found.push(`process ${record.pid}: ${what} is counted as ${counted} and is ${true_}`);
  };
  const living = [...record.children.values()].filter((child) => isLive(child.state));
  equal('liveChildren', record.liveChildren, living.length);
  const tasks = [...state.tasks.byId.values()];
  const own = tasks.filter((task) => task.pid === record.pid);
  equal('tasks', record.tasks.size, own.length);
  const running = own.filter((task) => task.isRunning);
  equal('tasksRunning', record.tasksRunning, running.length);
  const asked = tasks.filter((task) => task.by === record.pid);
  equal('requestedTasks', record.requestedTasks.size, asked.length);
  const waiting = new Set<number | null>([
    ...[...state.waits.byId.values()].map((wait) => wait.task),
    ...tasks.filter((task) => task.owed !== null).map((task) => task.parentTask),
    ...[...state.escalations.byId.values()].map((escalation) => escalation.task),
    ...[...state.budgetWaits.byId.values()].map((wait) => wait.task),
  ]);
  equal('waits', record.waits, running.filter((task) => waiting.has(task.task)).length);
  if (record.pid === KING_PID || !['idle', 'running', 'blocked'].includes(record.state)) {
    return found;
  }
  const isBlocked = record.tasksRunning > 0 && record.waits >= record.tasksRunning;
  const expected = record.tasksRunning === 0 ? 'idle' : isBlocked ? 'blocked' : 'running';
  if (record.state !== expected) {
    found.push(`process ${record.pid} is ${record.state} and should be ${expected} (P4)`);
  }
  return found;
}

function brokenMail(state: State): string[] {
  const found: string[] = [];
  let queued = 0;
  for (const [pid, box] of state.office.boxes) {
    if (state.table.find(pid) === undefined) found.push(`the mailbox of ${pid}, unknown, stays`);
    const messages = [...box.messages()];
    queued += messages.length;
    const bytes = messages.reduce((sum, message) => sum + message.content.bytes, 0);
    if (box.bytes !== bytes)
      found.push(`mailbox ${pid}: ${box.bytes} bytes counted, ${bytes} held`);
    if (box.depth !== messages.length) found.push(`mailbox ${pid}: depth ${box.depth} is wrong`);
    const underWay = messages.filter((message) => box.isUnderWay(message.message));
    if (box.underWay !== underWay.length) found.push(`mailbox ${pid}: underWay is wrong`);
    const taken = messages.filter((message) => box.isInHand(message.message));
    if (box.inHand !== taken.length) found.push(`mailbox ${pid}: inHand is wrong`);
    const underWayBytes = underWay.reduce((sum, message) => sum + message.content.bytes, 0);
    if (box.underWayBytes !== underWayBytes) found.push(`mailbox ${pid}: underWayBytes is wrong`);
    found.push(...brokenRetries(pid, box));
    if (state.table.find(pid)?.isGone === true && messages.length > 0) {
      found.push(`process ${pid} is gone and has mail (P8)`);
    }
  }
  if (queued !== state.office.queued) found.push(`${state.office.queued} queued, ${queued} held`);
  return found;
}

/** M1, M8: what a queue counts it holds, within its bounds, each message once in one queue. */
function brokenQueues(state: State): string[] {
  const found: string[] = [];
  const seen = new Set<number>();
  const holding = new Map<string, number>();
  for (const queue of state.queueTable.all()) {
    const { user, name, bytes, depth, inHand, consumers, isEmpty } = queue;
    const say = (what: string): number => found.push(`queue ${user} "${name}" ${what}`);
    const messages = [...queue.messages()];
    for (const { message, ...own } of messages) {
      if (seen.has(message)) say(`holds ${message} a second time`);
      seen.add(message);
      if (own.user !== user || own.queue !== name) say(`holds ${message} of "${own.queue}"`);
    }
    const held = messages.reduce((sum, { content }) => sum + content.bytes, 0);
    if (bytes !== held) say(`counts ${bytes} bytes and holds ${held}`);
    if (depth !== messages.length) say(`has depth ${depth}, not ${messages.length}`);
    const taken = messages.filter(({ message }) => queue.handOf(message) !== undefined);
    if (inHand !== taken.length) say(`counts ${inHand} in hand, not ${taken.length}`);
    if (depth > LIMITS.inboxMessagesMax || bytes > LIMITS.inboxBytesMax) say('is over full (M8)');
    if (queue.deadLetters.length > LIMITS.deadLettersMax) say('has too many dead letters');
    if (isEmpty && consumers === 0) say('is for nobody and stays');
    if (!isEmpty) holding.set(user, (holding.get(user) ?? 0) + 1);
    const astray = queue.image().tries.filter(([id]) => queue.get(id) === undefined);
    if (astray.length > 0) say('counts tries of what it does not hold (M6)');
  }
  for (const [user, count] of holding) {
    if (state.queueTable.holding(user) !== count) found.push(`user ${user}: queues counted wrong`);
  }
  return found;
}

/** M6: tries are counted against a message that is still there, in its own lane. */
function brokenRetries(pid: Pid, box: NonNullable<ReturnType<State['office']['box']>>): string[] {
  const astray = [...box.retries.values()].filter(({ head, from, priority }) => {
    const message = box.get(head);
    return message?.from !== from || message.priority !== priority;
  });
  return astray.map(({ head }) => `mailbox ${pid}: tries are kept for ${head}, which is not there`);
}

function brokenArtifacts(state: State): string[] {
  const found: string[] = [];
  const bytes = new Map<string, number>();
  const counts = new Map<Pid, number>();
  for (const record of state.catalog.all()) {
    const owner = state.table.find(record.owner);
    if (owner === undefined || owner.isGone) found.push(`"${record.key}" has no living owner (P9)`);
    counts.set(record.owner, (counts.get(record.owner) ?? 0) + 1);
    const own = record.versions.reduce((sum, version) => sum + version.content.bytes, 0);
    bytes.set(record.user, (bytes.get(record.user) ?? 0) + own);
    const newest = state.catalog.newestNamed(record.key);
    const isNewer = newest === undefined || seqOf(record) > seqOf(newest);
    if (isNewer) found.push(`"${record.key}" has a newer one than its newest (M12)`);
    if (newest !== undefined && state.catalog.byId.get(newest.artifact) !== newest)
      found.push(`"${record.key}" has a newest that is deleted (M12)`);
  }
  for (const [user, own] of bytes) {
    if (state.catalog.bytesOf(user) !== own) found.push(`user ${user}: bytes are counted wrong`);
  }
  for (const [owner, count] of counts) {
    if (state.catalog.countOf(owner) !== count) found.push(`owner ${owner}: counted wrong`);
  }
  return found;
}

const seqOf = ({ versions }: { versions: readonly { seq: number }[] }): number =>
  versions.at(-1)?.seq ?? 0;

type Kill = NonNullable<ReturnType<State['kills']['byId']['get']>>;

/** P10: what it counts below each of those left is what the tree says. */
function brokenKillCounts(state: State, kill: Kill): string[] {
  const below = new Map<Pid, number>();
  for (const pid of kill.left) {
    const parent = state.table.find(pid)?.parent?.pid;
    if (parent !== undefined) below.set(parent, (below.get(parent) ?? 0) + 1);
  }
  const counted = kill.leftBelow;
  const wrong = [...kill.left].filter((pid) => (counted.get(pid) ?? 0) !== (below.get(pid) ?? 0));
  return wrong.map((pid) => `kill ${kill.kill}: what is left below ${pid} is counted wrong (P10)`);
}

/** Whatever is owed can still be settled: the process that it hangs on lives. */
function brokenOwed(state: State): string[] {
  const found: string[] = [];
  const lives = (pid: Pid): boolean => {
    const record = state.table.find(pid);
    return record !== undefined && isLive(record.state);
  };
  /** Stopped with the kernel, and back at the next boot. */
  const isSuspended = (pid: Pid): boolean => {
    const record = state.table.find(pid);
    return record?.exit?.cause === 'kernel_stopped' && !record.isGone;
  };
  for (const task of state.tasks.byId.values()) {
    if (!lives(task.pid) && !isSuspended(task.pid))
      found.push(`task ${task.task} is given to ${task.pid}, which is no more`);
  }
  for (const wait of state.waits.byId.values()) {
    if (!lives(wait.target)) found.push(`wait ${wait.wait} is on ${wait.target}, which is no more`);
    if (!lives(wait.pid)) found.push(`wait ${wait.wait} is of ${wait.pid}, which is no more`);
  }
  for (const kill of state.kills.byId.values()) {
    if (kill.left.size === 0) found.push(`kill ${kill.kill} has nobody left and goes on`);
    for (const pid of kill.left) if (!lives(pid)) found.push(`kill ${kill.kill} waits for ${pid}`);
    found.push(...brokenKillCounts(state, kill));
  }
  return found;
}

/** B4, recomputed from the tree of processes, the reservations and the ledger. */
function brokenBudgets(state: State): string[] {
  const { tree, reservations } = state.budgets;
  const found: string[] = [];
  const spent = new Map<string, number>();
  for (const entry of tree.all()) {
    const { pid, purse } = entry;
    const equal = (what: string, counted: number, real: number): void => {
      if (counted === real) return;
      found.push(`budget ${pid} ${purse}: ${what} is counted as ${counted} and is ${real} (B4)`);
    };
    const record = state.table.find(pid);
    if (record === undefined || record.isGone) found.push(`budget ${pid} ${purse} has no owner`);
    const giver = tree.payerOf(record?.parent, purse);
    if (entry.giver !== giver) found.push(`budget ${pid} ${purse} hangs elsewhere (P11)`);
    const gifts = [...tree.all()].filter((one) => one.giver === entry);
    equal('given', entry.given, totalOf(gifts.map(({ allocated }) => allocated)));
    const isUsd = purse === 'usd';
    const holds = [...reservations.values()].filter((one) =>
      isUsd ? one.usdPayer === entry : one.payer === entry,
    );
    const held = holds.map((one) => (isUsd ? one.usdMicros : tokensOf(one)));
    equal('reserved', entry.reserved, totalOf(held));
    if (entry.allocated < 0) found.push(`budget ${pid} ${purse} is allocated less than nothing`);
    spent.set(purse, (spent.get(purse) ?? 0) + entry.spent);
  }
  for (const [tier, counted] of Object.entries(state.ledger.totals.byTier)) {
    const total = spent.get(tier);
    if (total === undefined || total >= Number.MAX_SAFE_INTEGER || total === counted) continue;
    found.push(`${tier}: the budgets tell of ${total} spent, the ledger of ${counted} (B4)`);
  }
  return found;
}

const totalOf = (amounts: readonly number[]): number => amounts.reduce((sum, one) => sum + one, 0);

const tokensOf = (call: { promptTokens: number; completionTokensMax: number }): number =>
  call.promptTokens + call.completionTokensMax;
