// The rules of a spawn that need only the parent and the request (P5), in the order of the page.
// Rights and tools are asked before, by the spawner; the name and the budget last.

import { KernelError, type ErrorCode } from '../errors.ts';
import { roleRank, tierRank, type Role, type Tier } from '../events/words.ts';
import { LIMITS } from '../limits.ts';
import { describeProcess, type ProcessRecord } from './record.ts';
import { isLive } from './states.ts';

/** How a process comes to be a live child of its parent. */
type Entry = 'spawn' | 'move' | 'restart';

/** Where a child is to be put: a new one, or one that moves with all below it. */
export interface ChildQuestion {
  readonly parent: ProcessRecord;
  readonly role: Role;
  readonly tier: Tier;
  readonly mayOutrank: boolean;
  /** Levels below the child. */
  readonly below: number;
  readonly what: Entry;
}

export interface SpawnQuestion {
  readonly parent: ProcessRecord;
  readonly role: Role;
  readonly tier: Tier;
  readonly mayOutrank: boolean;
  readonly processes: number;
  /** OS processes that there are, and that there may be; the child's own would be one more. */
  readonly runtimes: number;
  readonly runtimesMax: number;
  readonly isVirtual: boolean;
}

/** Throws the first refusal: each has its code and names its rule. */
export function checkSpawn(q: SpawnQuestion): void {
  const refuse = refusalOf('spawn');
  if (q.role === 'kernel') {
    throw refuse('invalid_argument', 'role kernel (0) is the king\'s alone; set "role" (P2, P5)', {
      field: 'role',
    });
  }
  checkChild({ ...q, below: 0, what: 'spawn' });
  if (q.processes >= LIMITS.processesMax) {
    const why = `the kernel holds ${q.processes} processes, its limit (P5)`;
    throw refuse('limit_exceeded', why);
  }
  if (!q.isVirtual) checkRuntimes({ ...q, what: 'spawn' });
  if (q.role === 'task' && q.tier === 'strategic') {
    throw refuse('invalid_argument', 'a task is not strategic (P5)', { field: 'tier' });
  }
}

/** What a parent and a child must be to each other (P5, P11). */
export function checkChild(q: ChildQuestion): void {
  const { parent, role, tier } = q;
  const refuse = refusalOf(q.what);
  if (!isLive(parent.state) || parent.state === 'stopping') {
    const why = `the parent, ${describeProcess(parent)}, is ${parent.state} (P5)`;
    throw refuse('wrong_state', why);
  }
  if (tierRank(tier) < tierRank(parent.spec.tier)) {
    const why = `a ${tier} child is above its ${parent.spec.tier} parent (P5)`;
    throw refuse('invalid_argument', why, { field: 'tier' });
  }
  if (!q.mayOutrank && roleRank(role) < roleRank(parent.spec.role)) {
    const why = `a ${role} outranks its parent, a ${parent.spec.role} (P5)`;
    throw refuse('invalid_argument', why, { field: 'role' });
  }
  checkRoom(q);
}

/** A zombie is no child any more, and has no OS process: its return takes the place of one. */
export function checkReturn(
  q: Pick<ChildQuestion, 'parent'> & { runtimes: number; runtimesMax: number },
): void {
  checkRoom({ parent: q.parent, below: 0, what: 'restart' });
  checkRuntimes({ ...q, what: 'restart' });
}

function checkRuntimes(q: { runtimes: number; runtimesMax: number; what: Entry }): void {
  if (q.runtimes < q.runtimesMax) return;
  const why = `this node runs ${q.runtimes} OS processes, its limit (P6); let some end first`;
  throw refusalOf(q.what)('limit_exceeded', why, { processes_max: q.runtimesMax });
}

function checkRoom({
  parent,
  below,
  what,
}: Pick<ChildQuestion, 'parent' | 'below' | 'what'>): void {
  const refuse = refusalOf(what);
  const childrenMax = parent.spec.limits.childrenMax;
  if (parent.liveChildren >= childrenMax) {
    throw refuse(
      'limit_exceeded',
      `${describeProcess(parent)} has ${parent.liveChildren} live children; ` +
        `its max_children is ${childrenMax} (P5)`,
      { max_children: childrenMax },
    );
  }
  const depth = parent.depth + 1 + below;
  if (depth >= LIMITS.treeDepthMax) {
    throw refuse('limit_exceeded', `the tree would be ${depth} deep, its limit (P5)`);
  }
}

type Details = Record<string, string | number>;

const refusalOf =
  (what: Entry) =>
  (code: ErrorCode, why: string, details: Details = {}): KernelError =>
    new KernelError(code, `The ${what} is refused: ${why}.`, { details });
