// The wire in one import: the generated messages as the namespaces `agent`, `core`, `link`. What an
// agent needs at start comes lighter from `@hivekernel/protocol/link`.
export * as agent from './gen/agent.ts';
export * as core from './gen/core.ts';
export * as link from './gen/link.ts';
