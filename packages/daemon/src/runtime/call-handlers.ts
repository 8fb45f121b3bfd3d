// Calls of a process's link, on their way into the kernel: the channel says who calls (D6), and no
// call on it is the operator's.

import { cancelCall, serveCall } from '../api/wire/serve-call.ts';
import type { AgentLinkHandlers } from './link/agent-link.ts';
import type { RuntimeOptions } from './runtime-options.ts';

export function callHandlers(
  who: { pid: number; incarnation: number },
  { host, termGraceMs }: Pick<RuntimeOptions, 'host' | 'termGraceMs'>,
): Pick<AgentLinkHandlers, 'onCall' | 'onCancel'> {
  const channel = `link:${who.pid}:${who.incarnation}`;
  const door = { host, channel, isOperator: false, termGraceMs };
  return {
    onCall: (call) => serveCall(call, door),
    onCancel: (call) => cancelCall(call, door),
  };
}
