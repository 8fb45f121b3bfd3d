// The wire in one import: the generated messages as the namespaces `agent`, `core`, `control`,
// `link`, and the two ends of the link. What needs only these imports `@hivekernel/protocol/link`;
// what only calls the kernel, `@hivekernel/protocol/messages` and
// `@hivekernel/protocol/link-client`.
export * from './messages.ts';
export * from './link/index.ts';
