// The journaled kernel without a daemon around it, for who brings a world of his own: benchmarks.
export type { World } from './host.ts';
export { JournaledKernel } from './journaled-kernel.ts';
export { SystemClock } from './kernel-clock.ts';
export { SqliteStore } from './sqlite/sqlite-store.ts';
