// What the other parts stand on, and the mail: the groups of parts that are handed on whole. Types
// only; they are made in parts.ts.

import type { EffectQueue } from '../events/effects.ts';
import type { Broker } from '../ipc/broker.ts';
import type { Deliverer } from '../ipc/delivery.ts';
import type { Inboxes } from '../ipc/inboxes.ts';
import type { MessageEnds } from '../ipc/message-ends.ts';
import type { Pipes } from '../ipc/pipes.ts';
import type { Queues } from '../ipc/queues.ts';
import type { Redelivery } from '../ipc/redelivery.ts';
import type { Subscriptions } from '../ipc/subscriptions.ts';
import type { Topics } from '../ipc/topics.ts';
import type { Guard } from '../permissions/guard.ts';
import type { Refusals } from '../permissions/refusals.ts';
import type { CallRate } from '../resources/call-rate.ts';
import type { KernelSettings } from '../settings.ts';
import type { KernelState } from '../state.ts';
import type { StopFlag } from '../supervision/stop-flag.ts';

export interface Foundation {
  readonly settings: KernelSettings;
  readonly rate: CallRate;
  readonly state: KernelState;
  readonly effects: EffectQueue;
  readonly guard: Guard;
  readonly refusals: Refusals;
  readonly stop: StopFlag;
}

export interface Mail {
  readonly deliverer: Deliverer;
  readonly broker: Broker;
  readonly ends: MessageEnds;
  readonly redelivery: Redelivery;
  readonly subscriptions: Subscriptions;
  readonly inboxes: Inboxes;
  readonly queues: Queues;
  readonly topics: Topics;
  readonly pipes: Pipes;
}
