// What a process holds in memory, as the OS tells it: its pages that are in RAM, those of its files
// too.

import { readFileSync } from 'node:fs';

const KIB = 1_024;

/** 0 where the OS does not tell. */
export function residentBytes(osPid: number): number {
  try {
    const status = readFileSync(`/proc/${osPid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * KIB;
  } catch {
    return 0;
  }
}
