// The rules of a spawn that need only the parent and the request (P5), in the order of the page.
// Rights and tools are asked before, by the spawner; the name and the budget last.

import { KernelError } from '../errors.ts';
import { roleRank, tierRank, type Role, type Tier } from '../events/words.ts';
import { LIMITS } from '../limits.ts';
import { describeProcess, type ProcessRecord } from './record.ts';
import { isLive } from './states.ts';

export interface SpawnQuestion {
  readonly parent: ProcessRecord;
  readonly role: Role;
  readonly tier: Tier;
  readonly processes: number;
  readonly mayOutrank: boolean;
}

/** Throws the first refusal: each has its code and names its rule. */
export function checkSpawn(q: SpawnQuestion): void {
  const { parent, role, tier } = q;
  if (role === 'kernel') {
    throw refuse('invalid_argument', 'role kernel (0) is the king\'s alone; set "role" (P2, P5)', {
      field: 'role',
    });
  }
  if (!isLive(parent.state) || parent.state === 'stopping') {
    throw refuse('wrong_state', `the parent, ${describeProcess(parent)}, is ${parent.state} (P5)`);
  }
  if (tierRank(tier) < tierRank(parent.spec.tier)) {
    throw refuse(
      'invalid_argument',
      `a ${tier} child is above its ${parent.spec.tier} parent (P5)`,
      {
        field: 'tier',
      },
    );
  }
  if (!q.mayOutrank && roleRank(role) < roleRank(parent.spec.role)) {
    throw refuse('invalid_argument', `a ${role} outranks its parent, a ${parent.spec.role} (P5)`, {
      field: 'role',
    });
  }
  checkRoom(q);
  if (role === 'task' && tier === 'strategic') {
    throw refuse('invalid_argument', 'a task is not strategic (P5)', { field: 'tier' });
  }
}

function checkRoom(q: SpawnQuestion): void {
  const { parent } = q;
  const childrenMax = parent.spec.limits.childrenMax;
  if (parent.liveChildren >= childrenMax) {
    throw refuse(
      'limit_exceeded',
      `${describeProcess(parent)} has ${parent.liveChildren} live children; ` +
        `its max_children is ${childrenMax} (P5)`,
      { max_children: childrenMax },
    );
  }
  if (q.processes >= LIMITS.processesMax) {
    throw refuse('limit_exceeded', `the kernel holds ${q.processes} processes, its limit (P5)`);
  }
  if (parent.depth + 1 >= LIMITS.treeDepthMax) {
    throw refuse('limit_exceeded', `the tree would be ${parent.depth + 1} deep, its limit (P5)`);
  }
}

const refuse = (
  code: 'invalid_argument' | 'wrong_state' | 'limit_exceeded',
  why: string,
  details: Record<string, string | number> = {},
): KernelError => new KernelError(code, `The spawn is refused: ${why}.`, { details });
