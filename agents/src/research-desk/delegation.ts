// Hands shares to workers: spawns one for each, delegates, reads its findings. One that crashes is
// restarted, since its parent decides (S2, notify), and tries again; one that fails is replaced
// once, and what then is still not read is said as a gap. Kills every worker it made.
import type { TaskContext, TaskResult } from '@hivekernel/sdk';
import type { DocumentFile } from './documents.ts';
import { parseFindings } from './findings.ts';
import type { Finding } from './findings.ts';
import type { QuestionAndAspects } from './prompts.ts';
import type { Gap } from './report.ts';
import { WORKER_IMAGE } from './worker.ts';

/** A share that was read. */
export interface ShareRead {
  readonly worker: string;
  readonly files: readonly DocumentFile[];
  readonly findings: readonly Finding[];
  readonly metadata: TaskResult['metadata'];
}

export interface DelegationOptions {
  readonly asked: QuestionAndAspects;
  /** Part of the keys of the findings. */
  readonly runId: string;
  /** Called when a share is done, well or not. */
  readonly onShare: () => void;
}

interface WorkerTask {
  readonly description: string;
  readonly params: Record<string, string>;
}

const TRIES_MAX = 2;
const WORKER_GRACE_MS = 2_000;

export class Delegation {
  readonly #ctx: TaskContext;
  readonly #options: DelegationOptions;
  readonly #pids = new Set<number>();

  constructor(ctx: TaskContext, options: DelegationOptions) {
    this.#ctx = ctx;
    this.#options = options;
  }

  /** Throws only when the task is cancelled. */
  async read(share: readonly DocumentFile[], number: number): Promise<ShareRead | Gap> {
    let why = '';
    for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
      const worker = attempt === 1 ? `worker-${number}` : `worker-${number}-again`;
      try {
        const read = await this.#readAs(worker, share);
        this.#options.onShare();
        return read;
      } catch (error) {
        if (this.#ctx.signal.aborted) throw error;
        why = error instanceof Error ? error.message : String(error);
        await this.#ctx.log.warn(`${worker} failed: ${why}`, { attempt });
      }
    }
    this.#options.onShare();
    return { files: share.map(({ name }) => name), why };
  }

  /** Ends every worker that is left. */
  async stop(): Promise<void> {
    await Promise.all([...this.#pids].map((pid) => this.#kill(pid)));
  }

  async #readAs(worker: string, files: readonly DocumentFile[]): Promise<ShareRead> {
    const { asked, runId } = this.#options;
    const key = `findings/${runId}/${worker}.md`;
    const pid = await this.#ctx.spawn({
      name: worker,
      role: 'worker',
      tier: 'operational',
      image: WORKER_IMAGE,
      restart: 'notify',
    });
    this.#pids.add(pid);
    const params = {
      share: JSON.stringify(files),
      aspects: JSON.stringify(asked.aspects),
      findings: key,
    };
    const result = await this.#execute(pid, { description: asked.question, params });
    const stored = await this.#ctx.artifacts.get(key);
    const findings = parseFindings(stored.text(), asked.aspects);
    return { worker, files, findings, metadata: result.metadata };
  }

  async #execute(pid: number, task: WorkerTask): Promise<TaskResult> {
    try {
      const result = await this.#executeTwice(pid, task);
      if (result.exitCode !== 0) throw new Error(result.output || `exit code ${result.exitCode}`);
      return result;
    } catch (error) {
      await this.#kill(pid);
      throw error;
    }
  }

  /** One that died under its task is started again, and given it again: once. */
  async #executeTwice(pid: number, task: WorkerTask): Promise<TaskResult> {
    try {
      return await this.#ctx.executeOn(pid, task);
    } catch (error) {
      const { state, gone } = await this.#ctx.info(pid);
      if (state !== 'zombie' || gone) throw error;
      await this.#ctx.restart(pid, { reason: 'its share is not read yet' });
      return this.#ctx.executeOn(pid, task);
    }
  }

  async #kill(pid: number): Promise<void> {
    if (!this.#pids.delete(pid)) return;
    try {
      await this.#ctx.kill(pid, { recursive: true, graceMs: WORKER_GRACE_MS });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      await this.#ctx.log.warn(`worker ${pid} could not be killed: ${why}`);
    }
  }
}
