// A LinkCaller attached to a kernel that a test speaks by hand.
import { LinkCaller } from '../src/link/index.ts';
import type { LinkCallError, LinkCallerOptions } from '../src/link/index.ts';
import { memoryStreamPair } from '../src/link/memory-stream.ts';
import { RawKernel } from './raw-peer.ts';

export interface CallerEnd {
  readonly caller: LinkCaller;
  readonly kernel: RawKernel;
  readonly ends: { error: LinkCallError; isFinal: boolean }[];
  cut(): void;
}

export function newCaller(
  options: Partial<LinkCallerOptions> = {},
): Pick<CallerEnd, 'caller' | 'ends'> {
  const ends: CallerEnd['ends'] = [];
  const caller = new LinkCaller({
    hello: { pid: 7, startToken: 'token', client: 'test' },
    whenLost: 'keep',
    onLost: (end) => void ends.push(end),
    ...options,
  });
  return { caller, ends };
}

export async function attach(
  { caller, ends }: Pick<CallerEnd, 'caller' | 'ends'>,
  greeting: { bootId?: string; lastCallId?: number } = {},
): Promise<CallerEnd & { hello: Awaited<ReturnType<RawKernel['greet']>> }> {
  const { a, b, cut } = memoryStreamPair();
  const kernel = new RawKernel(b);
  const attached = caller.attach(a);
  const hello = await kernel.greet(greeting);
  await attached;
  return { caller, ends, kernel, cut, hello };
}

export const connect = (options: Partial<LinkCallerOptions> = {}) => attach(newCaller(options));
