// OS processes that the journal knows as running although the kernel that ran them is no more.
//   P10. What is listed here is looked for, by pid and start time, before anything else starts.

import type { JournaledKernel } from '../journal/journaled-kernel.ts';
import type { OsRecord } from '../runtime/os/end-recorded.ts';

export function leftovers(host: JournaledKernel): OsRecord[] {
  const found: OsRecord[] = [];
  for (const { osPid, osStarted } of host.kernel.state.table.byPid.values()) {
    if (osPid !== 0) found.push({ osPid, osStarted });
  }
  return found;
}
