// The generated messages as the namespaces `agent`, `core`, `control`, `link`, without the link's
// own code: for programs whose start should be quick. Nothing here opens a connection.

export * as agent from './gen/agent.ts';
export * as control from './gen/control.ts';
export * as core from './gen/core.ts';
export * as link from './gen/link.ts';
export { make } from './make.ts';
