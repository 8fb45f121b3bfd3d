// What tests stand on: fakes of the ports, and the suites that hold fakes and real things alike.
export { MemoryDisk } from './store/memory-disk.ts';
export { MemoryStore } from './store/memory-store.ts';
export { storeSuite } from './store/store-suite.ts';
export type { StoreHarness } from './store/rule-ground.ts';
export type { StoreSuite } from './store/store-suite.ts';
export { VirtualTime } from './virtual-time.ts';
export { SeededChance, seeds } from './seeded-chance.ts';
export * from './kernel/orders.ts';
export { BEHAVIOURS, FakeRuntime, type Behaviour, type FakeAgent } from './kernel/fake-runtime.ts';
export { brokenInvariants } from './kernel/kernel-invariants.ts';
export { QueueGround } from './kernel/queue-ground.ts';
export { Subscriber, subscribeOrder, type SubscriberWish } from './kernel/subscriber.ts';
export { textsOf, TopicGround } from './kernel/topic-ground.ts';
export { ThreeWay } from './kernel/three-way.ts';
export {
  testKernel,
  TestKernel,
  Ticket,
  type Caller,
  type TestKernelOptions,
} from './kernel/test-kernel.ts';
export { pipeGround, PipeSide, told } from './kernel/pipe-side.ts';
