// The kernel's status, for `hive status` and /healthz. Asked for by people, so it may count.
// Its seq is that of the last event on disk.

import type { link } from '@hivekernel/protocol';
import type { Store } from '@hivekernel/kernel';
import type { JournaledKernel } from '../journal/journaled-kernel.ts';
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
    osPid: run.osPid,
    bootId: run.bootId,
    node: run.node,
    seq: host.durableSeq,
    startedAtMs: run.startedAtMs,
    dataDir,
    httpUrl: run.httpUrl,
    grpcAddress: run.grpcAddress,
    modelProvider: model.provider,
    modelSimulated: model.simulated,
    processes: table.byPid.size,
    running,
    messagesQueued: office.queued,
    artifacts: catalog.byId.size,
    tasksOpen: tasks.byId.size,
    journalBytes: stats.bytes,
    firstSeq: stats.firstSeq,
    storageLow: stats.isLow,
    llmCalls: ledger.totals.llmCalls,
    tokens: ledger.totals.tokens + ledger.totals.tokensSimulated,
  };
}
