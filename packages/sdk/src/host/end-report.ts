// The kernel's reports of the ends of messages, as their sender reads them: messages of type `ack`
// from the kernel itself. What another process sends under that name is none.
import type { agent as wire } from '@hivekernel/protocol';
import { RELATIONS, wordOf } from '../words.ts';

export interface EndReport {
  /** accepted, queued, rejected, expired, undeliverable, receiver_gone. */
  readonly status: string;
  /** Of a sentence: "rejected by worker-3 (pid 11)". */
  readonly detail: string;
  readonly isGood: boolean;
}

const GOOD: ReadonlySet<string> = new Set(['accepted', 'queued']);

/** Undefined: it is no report. */
export function readReport(message: wire.AgentMessage): EndReport | undefined {
  if (message.type !== 'ack' || wordOf(RELATIONS, message.relation) !== 'system') return undefined;
  const body = parsed(new TextDecoder().decode(message.payload));
  const status = textIn(body, 'status');
  return { status, detail: textIn(body, 'detail') || status, isGood: GOOD.has(status) };
}

function textIn(body: unknown, key: string): string {
  if (typeof body !== 'object' || body === null) return '';
  const value: unknown = (body as Readonly<Record<string, unknown>>)[key];
  return typeof value === 'string' ? value : '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
