// Which effect is whose: each that concerns the world goes to its method. Replies and what only
// observers see are the journaled kernel's own.

import type { Effect } from '@hivekernel/kernel';
import type { World } from './host.ts';

type WorldEffect = Exclude<Effect, { do: 'reply' | 'observe' }>;

export function carryOut(effect: WorldEffect, world: World): void {
  switch (effect.do) {
    case 'start':
      return world.start(effect);
    case 'stop':
      return world.stop(effect);
    case 'pause':
      return world.pause(effect);
    case 'resume':
      return world.resume(effect);
    case 'execute':
      return world.execute(effect);
    case 'interrupt':
      return world.interrupt(effect);
    case 'deliver':
      return world.deliver(effect);
    case 'dump':
      return world.dump(effect);
  }
}
