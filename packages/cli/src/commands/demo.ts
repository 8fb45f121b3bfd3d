// `hive demo ["question"]` (npm start): a kernel, and a swarm that answers a question from
// documents.
//   On a terminal the kernel stays up afterwards until Ctrl-C; elsewhere, or with --once,
//   everything is shut down and the exit code is the run's. A kernel that ran before is used and
//   left alone. stdout: the report, or one JSON document; everything else is on stderr.

import type { Command } from 'commander';
import { connect } from '@hivekernel/client';
import type { HiveClient, TaskReport } from '@hivekernel/client';
import { loadConfig } from '@hivekernel/daemon/config';
import type { Config, Flags } from '@hivekernel/daemon/config';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { usageError } from '../errors/cli-error.ts';
import { reportError } from '../errors/error-report.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { freePorts } from '../kernel/free-ports.ts';
import { hostKernel } from '../kernel/hosted-kernel.ts';
import type { HostedKernel } from '../kernel/hosted-kernel.ts';
import { head, kernelLines, printLines } from '../kernel/kernel-lines.ts';
import { findKernel } from '../kernel/reach-kernel.ts';
import { requireDataDir } from '../kernel/require-data-dir.ts';
import { addSettingFlags, givenSettings } from '../kernel/setting-flags.ts';
import { exitCodeOfSignal, onStopSignals } from '../kernel/signals.ts';
import type { StopSignal } from '../kernel/signals.ts';
import { isJsonFormat } from '../output/formats.ts';
import type { Env } from '../output/terminal.ts';
import { countFlag, plural, showCount } from '../output/human.ts';
import { renderDocument } from '../output/listing.ts';
import { crewSpec } from '../run/agent-spec.ts';
import { requireMember } from '../run/crew.ts';
import { ownDocuments } from '../run/default-documents.ts';
import { InjectedCrash } from '../run/injected-crash.ts';
import type { RunModel } from '../run/run-model.ts';
import { openView } from '../run/run-view.ts';
import type { RunView } from '../run/run-view.ts';
import { artifactOf, exitCodeOfTask, taskError } from '../run/task-outcome.ts';
import { readParams } from '../run/task-params.ts';
import type { ParamFlags } from '../run/task-params.ts';
import { TaskRun } from '../run/task-run.ts';
import { cliVersion } from '../version.ts';

const CREW_NAME = 'research-desk';
const QUESTION = 'What is HiveKernel, and how does it keep a swarm alive and accountable?';

interface DemoFlags extends ParamFlags {
  readonly once?: boolean;
  readonly workers?: string;
  /** False with --no-crash. */
  readonly crash?: boolean;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('[question]', `left out: "${QUESTION}"`)
    .option('--input <paths...>', "files and directories to read; left out: this project's own")
    .option('--workers <n>', 'how many workers at most')
    .option('--once', 'stop when it is answered')
    .option('--no-crash', 'kill no worker to show that it comes back')
    .addHelpText('after', '\nExample:\n  npm start -- "What does it cost?" --input ./contracts\n');
  addSettingFlags(command);
  bind(command, (context, { args: [question = QUESTION] }) =>
    new Demo(context, { question, command }).go(),
  );
}

class Demo {
  readonly #context: Context;
  readonly #question: string;
  readonly #command: Command;
  readonly #params: Readonly<Record<string, string>>;
  readonly #interrupted = Promise.withResolvers<StopSignal>();
  #kernel: HostedKernel | undefined;
  #run: TaskRun | undefined;
  #signal: StopSignal | undefined;

  constructor(context: Context, asked: { question: string; command: Command }) {
    this.#context = context;
    this.#question = asked.question;
    this.#command = asked.command;
    this.#params = paramsOf(asked.command.opts<DemoFlags>(), context.cwd);
  }

  async go(): Promise<number> {
    // The kernel must be stopped, whoever reads or does not.
    this.#context.terminal.stayUnread();
    const release = onStopSignals((signal, count) => this.#onSignal(signal, count));
    try {
      const client = await this.#reach();
      if (this.#signal !== undefined) return exitCodeOfSignal(this.#signal);
      const exitCode = await this.#research(client);
      if (this.#signal !== undefined) return exitCodeOfSignal(this.#signal);
      return await this.#stay(exitCode);
    } finally {
      await this.#kernel?.daemon.stop('the demo is over');
      release();
    }
  }

  /** Whoever interrupts wants the end: the kernel stops, and its agents with it. */
  #onSignal(signal: StopSignal, count: number): void {
    if (count > 1) process.exit(exitCodeOfSignal(signal));
    this.#signal = signal;
    this.#run?.leave();
    this.#context.terminal.note('stopping; Ctrl-C again forces it');
    void this.#kernel?.daemon.stop(signal);
    this.#interrupted.resolve(signal);
  }

  async #reach(): Promise<HiveClient> {
    const { terminal, cwd, flags } = this.#context;
    const settings = givenSettings(this.#command, flags.data);
    const config = await loadConfig({ cwd, env: terminal.env, flags: settings });
    const { dataDir } = config.daemon;
    await requireDataDir(dataDir);
    const running = await findKernel({ dataDir, cwd });
    if (running !== undefined) {
      terminal.note(`hive ${cliVersion()} · the kernel of ${dataDir} is running already`);
      return running;
    }
    const taken = await freePorts(config);
    for (const { what } of taken) terminal.note(`warning: ${what}`);
    const ports: Flags = Object.fromEntries(taken.flatMap((one) => Object.entries(one.flags)));
    const env = envOfDemo(terminal.env, config);
    const request = { cwd, env, terminal, isVerbose: flags.verbosity > 0 };
    this.#kernel = await hostKernel({ ...request, flags: { ...settings, ...ports } });
    printLines(terminal, kernelLines(this.#kernel, cwd));
    return connect({ dataDir, client: `hive/${cliVersion()}` });
  }

  async #research(client: HiveClient): Promise<number> {
    const { terminal } = this.#context;
    const spec = crewSpec(await requireMember(CREW_NAME));
    const inputs = (this.#params['input'] ?? '').split('\n');
    terminal.note(head('swarm', `${CREW_NAME}: king › queen › lead › workers`));
    terminal.note(head('reads', inputs.join(' ')));
    terminal.note(head('asks', this.#question));
    try {
      this.#run = await TaskRun.begin({
        client,
        target: { kind: 'spec', spec },
        description: this.#question,
        params: this.#params,
        openView: (model) => this.#openView(model),
      });
      const end = await Promise.race([this.#run.report, this.#interrupted.promise]);
      if (typeof end === 'string') return await this.#giveUp(this.#run);
      await this.#run.finish();
      this.#tell(this.#run, end);
      return exitCodeOfTask(end);
    } catch (error) {
      await this.#run?.abandon();
      if (this.#signal === undefined) throw error;
      return exitCodeOfSignal(this.#signal);
    } finally {
      client.close();
    }
  }

  /** For people, in a kernel of its own, it also shows how a worker dies and comes back. */
  #openView(model: RunModel): RunView {
    const { terminal, format } = this.#context;
    const view = openView({ terminal, model, hint: 'Ctrl-C stops it' });
    const { crash } = this.#command.opts<DemoFlags>();
    if (crash === false || format !== 'table' || this.#kernel === undefined) return view;
    return new InjectedCrash(view, { model, kill: (osPid) => process.kill(osPid, 'SIGKILL') });
  }

  /** In a kernel that goes on, the swarm must not. */
  async #giveUp(run: TaskRun): Promise<number> {
    if (this.#kernel === undefined) await run.abandon();
    run.report.catch(() => undefined);
    return EXIT.interrupted;
  }

  #tell(run: TaskRun, report: TaskReport): void {
    const { terminal, format, flags } = this.#context;
    const exitCode = exitCodeOfTask(report);
    const artifact = artifactOf(report);
    if (format === 'json' || format === 'jsonl' || format === 'yaml') {
      const body = runDocument(run, { report, exitCode });
      return void terminal.out(renderDocument('Run', body, format));
    }
    terminal.outText(report.output);
    const { calls, tokens, provider, isSimulated } = run.model.spending;
    const by = `${provider ?? 'no model'}${isSimulated ? ' (simulated)' : ''}`;
    const used = `${plural(calls, 'model call')}, ${showCount(tokens)} tokens, ${by}`;
    terminal.note(`\n${plural(run.model.agents.size, 'agent')} · ${used}`);
    if (artifact !== null) terminal.note(`kept as ${artifact}   ${this.#wayTo(artifact)}`);
    const error = taskError(report, run.name);
    if (error === undefined) return;
    const manner = { isJson: isJsonFormat(format), verbosity: flags.verbosity };
    terminal.err(reportError(error, { ...manner, paint: terminal.errPaint }));
  }

  /** Where the kernel stops with the demo, another must be started to read what it kept. */
  #wayTo(artifact: string): string {
    const get = `npx hive artifact get ${artifact}`;
    return this.#kernel === undefined || this.#staysUp ? get : `npx hive up -d && ${get}`;
  }

  get #staysUp(): boolean {
    const isOnce = this.#command.opts<DemoFlags>().once === true;
    return !isOnce && this.#context.terminal.isOutTty;
  }

  /** On a terminal the kernel stays, for a look around. */
  async #stay(exitCode: number): Promise<number> {
    const { terminal } = this.#context;
    if (this.#kernel === undefined || !this.#staysUp) return exitCode;
    terminal.note('the kernel stays up: npx hive ps · tree · journal   Ctrl-C stops it');
    const end = await Promise.race([this.#interrupted.promise, this.#kernel.daemon.ended]);
    return end === undefined ? exitCode : exitCodeOfSignal(end);
  }
}

/** The first seconds belong to the swarm: no maid beside it, unless somebody has asked for one. */
function envOfDemo(env: Env, { origins }: Config): Env {
  const isAsked = origins['maid.enabled']?.kind !== 'default';
  return isAsked ? env : { ...env, HIVE_MAID_ENABLED: 'false' };
}

function paramsOf(flags: DemoFlags, cwd: string): Readonly<Record<string, string>> {
  const input = flags.input ?? ownDocuments();
  if (input.length === 0) throw usageError('There is nothing to read here; name it with --input.');
  const workers =
    flags.workers === undefined ? {} : { workers: String(countFlag('--workers', flags.workers)) };
  return { ...readParams({ input }, cwd), ...workers };
}

function runDocument(run: TaskRun, end: { report: TaskReport; exitCode: number }) {
  const { model } = run;
  const { calls, tokens, provider, isSimulated } = model.spending;
  const { report, exitCode } = end;
  return {
    report: report.output,
    artifact: artifactOf(report),
    agents: [...model.agents.values()].map(({ pid, osPid, name, role, state }) => ({
      pid,
      osPid: osPid === 0 ? null : osPid,
      name,
      role,
      state,
    })),
    llm: { calls, tokens, provider, simulated: isSimulated },
    seq: model.seq,
    task: report.task,
    metadata: report.metadata,
    error: report.isCompleted
      ? null
      : { code: report.errorCode || 'failed', message: report.error },
    exitCode,
  };
}
