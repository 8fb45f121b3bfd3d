// SKELETON: to be written.
import { KernelError } from '../errors.ts';
import type { InboxView, QueueView } from './views.ts';
import type { Once } from '../events/event.ts';
import type { Log } from '../events/log.ts';
import type { Timers } from '../events/timers.ts';
import type { MessageId, Pid, Seq } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import type { KernelSettings } from '../settings.ts';
import type { OutgoingMessage } from './broker.ts';
import type { Feed } from './subscriptions.ts';
import type { Wants } from './wants.ts';

/** Who looks: what it reads is gated (DESIGN §3, read gate). */
export interface Looker {
  readonly caller: ProcessRecord;
  read(seq: Seq, by: Pid): void;
}

export class Queues {
  constructor(_options: {
    log: Log;
    table: ProcessTable;
    timers: Timers;
    stir: (source: object) => void;
    settings: Pick<KernelSettings, 'deliveryTriesMax'>;
  }) {}

  send(_sent: {
    from: ProcessRecord;
    name: string;
    message: OutgoingMessage;
    once: Once | undefined;
  }): MessageId {
    throw new KernelError('unimplemented', 'skeleton');
  }

  open(_by: ProcessRecord, _name: string, _how: { wants: Wants; isAcknowledged: boolean }): Feed {
    throw new KernelError('unimplemented', 'skeleton');
  }

  look(_by: Looker, _name: string, _max: number): InboxView {
    throw new KernelError('unimplemented', 'skeleton');
  }

  list(_by: Looker, _prefix: string): readonly QueueView[] {
    throw new KernelError('unimplemented', 'skeleton');
  }

  requeue(_by: ProcessRecord, _name: string, _message: MessageId): MessageId {
    throw new KernelError('unimplemented', 'skeleton');
  }

  dropLetter(_by: ProcessRecord, _name: string, _message: MessageId): void {
    throw new KernelError('unimplemented', 'skeleton');
  }
}
