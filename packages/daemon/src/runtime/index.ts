export { Runtime, reapLeftovers } from './runtime.ts';
export type { ModelEndpoint, RuntimeLogger, RuntimeOptions } from './runtime-options.ts';
export type { OsRecord } from './os/end-recorded.ts';
