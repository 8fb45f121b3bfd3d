// The machine that the figures are of: without it they mean nothing. The bare disk commit is the
// floor under every durable figure: one small write and its sync, nothing else.

import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { median } from './statistics.ts';

const COMMIT = { count: 100, warmUp: 10, bytes: 4_096 } as const;

/** Median of appending a page to a file in `dir` and making it durable, in ms. */
export function measureDiskCommit(dir: string): number {
  const path = join(dir, 'disk-commit');
  const file = openSync(path, 'w', 0o600);
  const page = Buffer.alloc(COMMIT.bytes, 'x');
  const tookMs: number[] = [];
  try {
    for (let i = 0; i < COMMIT.count + COMMIT.warmUp; i += 1) {
      const beganMs = performance.now();
      writeSync(file, page);
      fdatasyncSync(file);
      if (i >= COMMIT.warmUp) tookMs.push(performance.now() - beganMs);
    }
    return median(tookMs);
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
}

export function machineLine(diskCommitMs: number): string {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown CPU';
  const load = (loadavg()[0] ?? 0).toFixed(2);
  const parts = [
    `${cpu}, ${availableParallelism()} cores`,
    `load ${load}`,
    `node ${process.versions.node}`,
    `bare disk commit p50 ${diskCommitMs.toFixed(2)} ms`,
  ];
  return parts.join(' · ');
}
