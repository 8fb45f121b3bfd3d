// The durable state: every area, made in one place and folded in one order.
//   D2. Areas know nothing of who decides; deciders are built over them in kernel.ts. They know no
//       settings either: what the fold depends on comes with the events (`FoldRules`).

import { ArtifactCatalog } from './artifacts/catalog.ts';
import { Fold } from './events/fold.ts';
import { Log } from './events/log.ts';
import { Timers } from './events/timers.ts';
import { SEQ_ZERO } from './ids.ts';
import type { Message } from './ipc/mailbox.ts';
import type { QueuedMessage } from './ipc/named-queue.ts';
import { PostOffice } from './ipc/post-office.ts';
import { QueueTable } from './ipc/queue-table.ts';
import { SentKeys } from './ipc/sent-keys.ts';
import { TopicTable } from './ipc/topic-table.ts';
import type { ProcessRecord } from './process/record.ts';
import { grantHandlers } from './permissions/grants.ts';
import { ProcessTable } from './process/table.ts';
import { Budgets } from './resources/budgets.ts';
import { BudgetWaits } from './resources/budget-waits.ts';
import { Ledger } from './resources/ledger.ts';
import { TaskTable } from './scheduler/task-table.ts';
import { EscalationTable } from './supervision/escalations.ts';
import { KillTable } from './supervision/kill-table.ts';
import { WaitTable } from './supervision/waiter.ts';

export class KernelState {
  readonly timers = new Timers();
  readonly table: ProcessTable;
  readonly office: PostOffice;
  readonly queueTable: QueueTable;
  readonly topics = new TopicTable();
  readonly sentKeys = new SentKeys();
  readonly catalog = new ArtifactCatalog();
  readonly tasks: TaskTable;
  readonly waits: WaitTable;
  readonly kills: KillTable;
  readonly escalations: EscalationTable;
  readonly ledger: Ledger;
  readonly budgets: Budgets;
  readonly budgetWaits: BudgetWaits;
  readonly log: Log;

  constructor(options: {
    partition: number;
    onExpired: (message: Message) => void;
    onQueueExpired: (message: QueuedMessage) => void;
    /** In the fold, of which nothing may come but timers. */
    onState: (record: ProcessRecord) => void;
  }) {
    const { partition, onExpired, onQueueExpired, onState } = options;
    const { timers } = this;
    this.table = new ProcessTable({ partition, onState });
    const office = new PostOffice({ timers, onExpired });
    this.office = office;
    const agingMsPerLevel = (): number => office.agingMsPerLevel;
    this.queueTable = new QueueTable({ timers, agingMsPerLevel, onExpired: onQueueExpired });
    this.tasks = new TaskTable(this.table);
    this.waits = new WaitTable(this.tasks);
    this.kills = new KillTable(this.table);
    this.escalations = new EscalationTable(this.tasks);
    this.ledger = new Ledger(this.table);
    this.budgets = new Budgets(this.table);
    this.budgetWaits = new BudgetWaits(this.tasks);
    const areas = [
      this.table.handlers(),
      grantHandlers(this.table),
      this.office.handlers(),
      this.queueTable.handlers(),
      this.topics.handlers(),
      this.sentKeys.handlers(),
      this.catalog.handlers(),
      this.tasks.handlers(),
      this.waits.handlers(),
      this.kills.handlers(),
      this.escalations.handlers(),
      this.ledger.handlers(),
      this.budgets.handlers(),
      this.budgetWaits.handlers(),
    ];
    this.log = new Log(new Fold(areas), SEQ_ZERO);
  }
}
