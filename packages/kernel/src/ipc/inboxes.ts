// SKELETON: to be written.
import { KernelError } from '../errors.ts';
import type { Log } from '../events/log.ts';
import type { Pid } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import type { OnWaiting } from './broker.ts';
import type { MessageEnds } from './message-ends.ts';
import type { PostOffice } from './post-office.ts';
import type { Feed } from './subscriptions.ts';
import type { Wants } from './wants.ts';

export class Inboxes {
  constructor(_options: {
    log: Log;
    table: ProcessTable;
    office: PostOffice;
    ends: MessageEnds;
    stir: (source: object) => void;
    onWaiting: OnWaiting;
  }) {}

  open(_of: ProcessRecord, _how: { wants: Wants; isAcknowledged: boolean }): Feed {
    throw new KernelError('unimplemented', 'skeleton');
  }

  isSubscribed(_pid: Pid): boolean {
    return false;
  }
}
