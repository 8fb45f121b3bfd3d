// The rows of the settings table about messages: how they age, which branches they may cross, and
// how often a delivery is tried (M2, M4, M6).

import { DEFAULT_SETTINGS, RELAYS } from '@hivekernel/kernel';
import type { Relay } from '@hivekernel/kernel';
import { HOUR_MS, TIMER_MS_MAX, row } from './setting-row.ts';
import { byRole, nameOf } from './supervision-rows.ts';
import { choice, durationMs, int } from './value-kinds.ts';

const K = DEFAULT_SETTINGS;

export const MESSAGE_ROWS = {
  'messages.aging_per_level': row({
    kind: durationMs({ min: 1, max: HOUR_MS }),
    default: K.agingMsPerLevel,
    rule: 'M4',
    doc: 'Waiting that is worth one level of priority.',
  }),
  'messages.delivery_tries': row({
    kind: int({ min: 1, max: 100 }),
    default: K.deliveryTriesMax,
    rule: 'M6',
    doc: 'Deliveries tried before a message goes to the dead letters.',
  }),
  'messages.delivery_retry': row({
    kind: durationMs({ min: 1, max: HOUR_MS }),
    default: K.deliveryRetryMs,
    rule: 'M6',
    doc: 'Pause before a broken delivery is tried again; each further one takes twice as long.',
  }),
  'messages.ack_timeout': row({
    kind: durationMs({ min: 1, max: TIMER_MS_MAX }),
    default: K.ackTimeoutMs,
    rule: 'M6',
    doc: 'How long after a delivery that ended without a word on its message it is tried again.',
  }),
  'messages.consumer_timeout': row({
    kind: durationMs({ min: 0, max: TIMER_MS_MAX }),
    default: K.consumerTimeoutMs,
    rule: 'M6',
    doc: 'How long a consumer may keep a message of a queue without a word on it; 0 is any time.',
  }),
  'messages.relay.kernel': row<Relay>({
    kind: choice(RELAYS),
    default: K.relayByRole.kernel,
    rule: 'M2',
    doc: 'What becomes of messages between two branches of the king: pass, copy to him, or deny.',
  }),
  ...byRole('messages.relay', (role) =>
    row<Relay>({
      kind: choice(RELAYS),
      default: K.relayByRole[role],
      rule: 'M2',
      doc: `The same of ${nameOf(role)} whose spawn names no relay.`,
    }),
  ),
} as const;
