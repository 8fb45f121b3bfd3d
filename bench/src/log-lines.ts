// Events as load: log lines of about 100 bytes. They are cheap to make, and told as any other.
// Not their readers: event-reader.ts, grpc-events.ts.

import type { HiveClient } from '@hivekernel/client';
import { pump } from './pump.ts';

const UNDER_WAY_MAX = 2_048;

/** Resolves when all of them are durable. */
export function writeLines(client: HiveClient, count: number): Promise<unknown> {
  let line = 0;
  const begin = (): Promise<void> => {
    line += 1;
    return client.log({ level: 'info', message: `line ${line} of what an agent has to say` });
  };
  return pump({ count, underWayMax: UNDER_WAY_MAX, begin });
}
