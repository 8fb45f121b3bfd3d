// An event of the journal as the client gives it, for tests of what is made of one. Only what the
// journal itself holds is told; the wire's own view of it stays blank.

import type { KernelEvent } from '@hivekernel/client';

export const AT_MS = Date.UTC(2026, 10, 23, 3, 0, 0);

const BLANK: KernelEvent = {
  seq: 0,
  timestampMs: AT_MS,
  type: '',
  pid: 0,
  message: '',
  journal: undefined,
  event: {
    seq: 0,
    timestampMs: AT_MS,
    type: '',
    pid: 0,
    ppid: 0,
    name: '',
    role: '',
    tier: '',
    model: '',
    state: '',
    oldState: '',
    newState: '',
    level: '',
    message: '',
    replyTo: '',
    payloadPreview: '',
    traceId: '',
    traceSpan: '',
    messageId: '',
    fields: {},
    id: '',
  },
};

/** The volatile ones have no journal. */
export const volatileEvent = (
  type: string,
  pid: number,
  told: Partial<KernelEvent['event']>,
): KernelEvent => ({
  ...BLANK,
  type,
  pid,
  message: told.message ?? '',
  event: { ...BLANK.event, ...told },
});

/** Without a pid in its body it is the king's. */
export function kernelEvent(
  kind: string,
  body: Readonly<Record<string, unknown>>,
  seq = 1,
): KernelEvent {
  const pid = typeof body['pid'] === 'number' ? body['pid'] : 1;
  const journal = { seq, wallMs: AT_MS, kind, by: 1, body };
  return { ...BLANK, seq, type: kind, pid, journal };
}
