// The load of `inbox`: fills somebody's inbox with messages of all priorities in turn. Each says
// when it was sent, and as the how manyth of its sender.

import { Agent, type Task, type TaskContext } from '@hivekernel/sdk';
import { PRIORITIES } from '../inbox-order.ts';

export default class Writer extends Agent {
  override async onTask({ params }: Task, ctx: TaskContext): Promise<string> {
    const to = Number(params['to']);
    const sends = Array.from({ length: Number(params['count']) }, (_, n) =>
      ctx.send({
        to,
        priority: PRIORITIES[n % PRIORITIES.length],
        payload: `${n} ${Date.now()}`,
      }),
    );
    await Promise.all(sends);
    return '[]';
  }
}
