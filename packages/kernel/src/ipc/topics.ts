// SKELETON: to be written.
import { KernelError } from '../errors.ts';
import type { Content } from '../events/content.ts';
import type { Log } from '../events/log.ts';
import type { MessageId } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import type { CursorView, TopicView } from './views.ts';
import type { Looker } from './queues.ts';
import type { Feed } from './subscriptions.ts';
import type { Wants } from './wants.ts';

export interface TopicWish {
  readonly pattern: string;
  readonly durable: string;
  readonly withRetained: boolean;
}

export class Topics {
  constructor(_options: { log: Log; table: ProcessTable; stir: (source: object) => void }) {}

  open(
    _by: ProcessRecord,
    _wish: TopicWish,
    _how: { wants: Wants; isAcknowledged: boolean },
  ): Feed {
    throw new KernelError('unimplemented', 'skeleton');
  }

  publish(
    _by: ProcessRecord,
    _what: { topic: string; type: string; content: Content; isTransient: boolean },
  ): { message: MessageId; subscribers: number } {
    throw new KernelError('unimplemented', 'skeleton');
  }

  list(
    _by: Looker,
    _pattern: string,
  ): { topics: readonly TopicView[]; cursors: readonly CursorView[] } {
    throw new KernelError('unimplemented', 'skeleton');
  }

  clear(_by: ProcessRecord, _topic: string): void {
    throw new KernelError('unimplemented', 'skeleton');
  }

  forgetCursor(_by: ProcessRecord, _name: string): void {
    throw new KernelError('unimplemented', 'skeleton');
  }
}
