// A signal of the kernel as an agent gets it: a message of type `signal` and relation `system`,
// read into a typed value. Sending signals is not here (lifecycle.ts); TERM, KILL, INT, STOP, CONT
// and USR1 never come as messages, the runtime carries them out.
//   What another process sends under the name `signal` is no signal: only the kernel is `system`.
import type { agent as wire } from '@hivekernel/protocol';
import { numberOf, RELATIONS } from '../words.ts';

/** Something changed: somebody asks for a reload, or this process has another parent now. */
export interface HangupSignal {
  readonly signal: 'HUP';
  /** The new parent, when the process was moved or adopted. */
  readonly ppid: number | undefined;
  /** Of whoever sent it; empty when nothing was said. */
  readonly reason: string;
}

/** A child ended, whatever follows (P8). */
export interface ChildSignal {
  readonly signal: 'CHLD';
  readonly pid: number;
  readonly name: string;
  readonly address: string;
  /** -1: killed. */
  readonly exitCode: number;
  /** `done`, `crashed`, `killed`, `hung` … */
  readonly cause: string;
  /** The first 4 KiB of it. */
  readonly output: string;
  readonly durationMs: number;
}

export type ReceivedSignal = HangupSignal | ChildSignal;

const SYSTEM = numberOf(RELATIONS, 'system');

export const isSignal = ({ type, relation }: wire.AgentMessage): boolean =>
  relation === SYSTEM && type === 'signal';

/** `undefined` for a signal that only a newer kernel knows. */
export function signalFromWire(message: wire.AgentMessage): ReceivedSignal | undefined {
  const body = bodyOf(message.payload);
  const text = (field: string): string => asText(body[field]);
  const number = (field: string): number => asNumber(body[field]) ?? 0;
  switch (body['signal']) {
    case 'HUP':
      return { signal: 'HUP', ppid: asNumber(body['ppid']), reason: text('reason') };
    case 'CHLD':
      return {
        signal: 'CHLD',
        pid: number('pid'),
        name: text('name'),
        address: text('address'),
        exitCode: number('exitCode'),
        cause: text('cause'),
        output: text('output'),
        durationMs: number('durationMs'),
      };
    default:
      return undefined;
  }
}

function bodyOf(payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(payload));
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

const asNumber = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined;
