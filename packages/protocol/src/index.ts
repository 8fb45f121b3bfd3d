// The wire in one import: the generated messages as the namespaces `agent`, `core`, `link`, and
// both ends of the agent link. What needs only the latter imports `@hivekernel/protocol/link`.
export * as agent from './gen/agent.ts';
export * as core from './gen/core.ts';
export * as link from './gen/link.ts';
export * from './link/index.ts';
export { make } from './make.ts';
