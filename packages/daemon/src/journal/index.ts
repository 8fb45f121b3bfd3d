// The journaled kernel by itself, without runtimes and doors: for who measures what it costs.

export { JournaledKernel } from './journaled-kernel.ts';
export { SqliteStore } from './sqlite/sqlite-store.ts';
