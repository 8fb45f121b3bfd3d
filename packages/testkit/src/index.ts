// What tests stand on: fakes of the ports, and the suites that hold fakes and real things alike.
export { MemoryDisk } from './store/memory-disk.ts';
export { MemoryStore } from './store/memory-store.ts';
export { storeSuite } from './store/store-suite.ts';
export type { StoreHarness } from './store/rule-ground.ts';
export type { StoreSuite } from './store/store-suite.ts';
