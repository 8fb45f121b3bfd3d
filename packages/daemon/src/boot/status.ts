// The kernel's status, for `hive status` and /healthz. Asked for by people, so it may count.
// Its seq is that of the last event on disk. Like a listing, it can be told whatever the numbers
// are: `hive down` needs it most when something is wrong.

import type { link } from '@hivekernel/protocol';
import type { Store } from '@hivekernel/kernel';
import type { JournaledKernel } from '../journal/journaled-kernel.ts';
import { shownCount } from '../api/wire/wire-numbers.ts';
import type { RunInfo } from './run-file.ts';

export interface StatusSources {
  readonly host: JournaledKernel;
  readonly store: Store;
  readonly run: RunInfo;
  readonly dataDir: string;
  readonly model: { readonly provider: string; readonly simulated: boolean };
}

export async function statusOf(sources: StatusSources): Promise<link.KernelStatus> {
  const { host, store, run, dataDir, model } = sources;
  const { table, office, catalog, tasks, ledger } = host.kernel.state;
  const stats = await store.stats({ partition: table.partition });
  let running = 0;
  for (const record of table.byPid.values()) if (record.state === 'running') running += 1;
  return {
    version: run.version,
    osPid: shownCount(run.osPid),
    bootId: run.bootId,
    node: run.node,
    seq: shownCount(host.durableSeq),
    startedAtMs: shownCount(run.startedAtMs),
    dataDir,
    httpUrl: run.httpUrl,
    grpcAddress: run.grpcAddress,
    modelProvider: model.provider,
    modelSimulated: model.simulated,
    processes: shownCount(table.byPid.size),
    running: shownCount(running),
    messagesQueued: shownCount(office.queued),
    artifacts: shownCount(catalog.byId.size),
    tasksOpen: shownCount(tasks.byId.size),
    journalBytes: shownCount(stats.bytes),
    firstSeq: shownCount(stats.firstSeq),
    storageLow: stats.isLow,
    llmCalls: shownCount(ledger.totals.llmCalls),
    tokens: shownCount(ledger.totals.tokens + ledger.totals.tokensSimulated),
  };
}
