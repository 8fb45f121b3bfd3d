// The generated messages as the namespaces `agent`, `core`, `link`, and not the ends of the link: for
// programs whose start should be quick. Nothing here opens a connection.

export * as agent from './gen/agent.ts';
export * as core from './gen/core.ts';
export * as link from './gen/link.ts';
export { make } from './make.ts';
