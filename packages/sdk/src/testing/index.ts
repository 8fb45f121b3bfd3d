// For unit tests of agents: a kernel in memory, and a model whose answers the test decides.
export { TestKernel } from './test-kernel.ts';
export type { SeenCall, SeenMessage, TestKernelOptions } from './test-kernel.ts';
export { TestModel } from './test-model.ts';
export type { AnswerRequest, TestModelAnswer, TestModelRequest } from './test-model.ts';
