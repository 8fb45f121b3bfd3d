// `hive run AGENT "task"`: gives a running agent a task, or starts one for it that ends with it.
//   Without --wait it returns as soon as the kernel will not forget the task.
//   Ctrl-C leaves and says so; a second one within two seconds cancels the task.

import type { Command } from 'commander';
import type { TaskReport } from '@hivekernel/client';
import { BUDGET, readBudget } from '../budget/spawn-budget.ts';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../errors/cli-error.ts';
import { reportError } from '../errors/error-report.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { shownPath } from '../kernel/reach-kernel.ts';
import { exitCodeOfSignal, onStopSignals } from '../kernel/signals.ts';
import { isJsonFormat } from '../output/formats.ts';
import { countFlag } from '../output/human.ts';
import { renderDocument } from '../output/listing.ts';
import { documentsNear } from '../run/default-documents.ts';
import { openView, SILENT_VIEW } from '../run/run-view.ts';
import { exitCodeOfTask, taskDocument, taskError } from '../run/task-outcome.ts';
import { readParams } from '../run/task-params.ts';
import type { ParamFlags } from '../run/task-params.ts';
import { TaskRun } from '../run/task-run.ts';
import { findTarget } from '../run/task-target.ts';
import type { TaskTarget } from '../run/task-target.ts';

/** For the second Ctrl-C. */
const SECOND_THOUGHTS_MS = 2_000;
/** From a cancel to the task's end. */
const CANCEL_MS = 8_000;
/** The kernel's word on a task that took too long comes first, and says more; it counts seconds. */
const LATE_MS = 500;
const SECOND_MS = 1_000;
/** A timer that is longer rings at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

interface RunFlags extends ParamFlags {
  readonly wait?: boolean;
  readonly retries?: string;
  readonly budget?: readonly string[];
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('<agent>', 'pid, name or /path of a running agent; else file.ts#Export, or the crew')
    .argument('<task>', 'what to do, in words')
    .option('--wait', 'wait for the end, print the result, exit with its code')
    .option('--input <paths...>', 'files and directories that the task is about')
    .option('--param <key=value...>', 'further parameters of the task')
    .option('--retries <n>', 'tried again so often when the agent ended under it')
    .option(...BUDGET)
    .addHelpText('after', EXAMPLES);
  bind(command, run);
}

const EXAMPLES = `
Examples:
  hive run research-desk "what is this about?" --input docs README.md --wait
  hive run examples/echo/echo.ts#EchoAgent "hello" --wait -o json
  hive run research-desk "what is a zombie?" --wait --timeout 2m
  hive run ./flaky.ts#Flaky "again until it works" --wait --retries 3
  hive run ./greedy.ts#Greedy "all of it" --budget 50k --wait
`;

async function run(context: Context, command: Command): Promise<number> {
  const [agent = '', description = ''] = command.args;
  const flags = command.opts<RunFlags>();
  const { terminal, cwd } = context;
  const given = readParams(flags, cwd);
  const retries = flags.retries === undefined ? 0 : countFlag('--retries', flags.retries);
  const budget = readBudget(flags.budget);
  const client = await context.client();
  const target = await findTarget(agent, { client, cwd });
  if (flags.budget !== undefined && target.kind === 'running') throw hasOne(target.name);
  const params = { ...inputFor(context, target, given), ...given };
  const { timeoutMs } = context.flags;
  const hint = 'Ctrl-C leaves it running';
  const isWatched = flags.wait === true && context.format !== 'name';
  const task = await TaskRun.begin({
    client,
    target,
    description,
    params,
    retries,
    budget,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    openView: (model) => (isWatched ? openView({ terminal, model, hint }) : SILENT_VIEW),
  });
  return flags.wait === true ? waitFor(context, task) : leaveAtOnce(context, task);
}

const hasOne = (name: string): Error =>
  usageError(`--budget is for an agent that is started; ${name} runs already.`, {
    hints: [{ label: 'Change what it has', command: `hive budget set ${name} AMOUNT` }],
  });

/** The crew reads what is here where nobody says what to read. */
function inputFor(
  { terminal, cwd }: Context,
  target: TaskTarget,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const isCrew = target.kind === 'spec' && target.spec.isCrew;
  if (!isCrew || given['input'] !== undefined) return {};
  const paths = documentsNear(cwd);
  if (paths.length === 0) return {};
  terminal.note(`reads ${paths.map((path) => shownPath(path, cwd)).join(' ')} (--input chooses)`);
  return { input: paths.join('\n') };
}

/** As soon as the task is durable; a refusal comes instead of it. */
async function leaveAtOnce(context: Context, task: TaskRun): Promise<number> {
  try {
    await task.created;
  } catch (error) {
    await task.abandon();
    throw error;
  }
  task.report.catch(() => undefined);
  task.leave();
  const body = { task: task.task, pid: task.pid, agent: task.name };
  if (context.format === 'name') context.terminal.out(`${task.pid}\n`);
  else context.show('Task', body, () => `task ${task.task} pid ${task.pid}\n`);
  const word = task.isOwn ? 'started' : 'given to';
  context.terminal.note(`${word} ${task.name}; hive journal ${task.pid}/ -f shows it`);
  return EXIT.ok;
}

async function waitFor(context: Context, task: TaskRun): Promise<number> {
  const { report } = task;
  const { timeoutMs } = context.flags;
  const hands = new Hands(context, task);
  const late = Promise.withResolvers<'late'>();
  const timer = after(timeoutMs, () => late.resolve('late'));
  try {
    const end = await Promise.race([report, hands.left, late.promise]);
    if (end === 'left') return hands.exitCode;
    if (end === 'late') throw await tooLate(task, timeoutMs ?? 0);
    await task.finish();
    tell(context, task, end);
    return hands.isCancelled ? hands.exitCode : exitCodeOfTask(end);
  } catch (error) {
    await task.abandon();
    throw isUnavailable(error) ? kernelGone(task, error) : error;
  } finally {
    clearTimeout(timer);
    hands.release();
  }
}

const after = (timeoutMs: number | undefined, then: () => void): NodeJS.Timeout | undefined =>
  timeoutMs === undefined
    ? undefined
    : setTimeout(then, Math.min(wholeSeconds(timeoutMs) + LATE_MS, TIMER_MS_MAX));

const wholeSeconds = (ms: number): number => Math.ceil(ms / SECOND_MS) * SECOND_MS;

/** The kernel's clock of a task starts when its agent begins: one that is held never does. */
async function tooLate(task: TaskRun, timeoutMs: number): Promise<CliError> {
  // What the kernel refuses here is over by itself.
  await task.interrupt('timed out before it began').catch(() => undefined);
  const what = task.task === '' ? 'the task' : `task ${task.task}`;
  return new CliError({
    code: 'E_TIMED_OUT',
    exitCode: EXIT.timedOut,
    message: `${what} of ${task.name} (pid ${task.pid}) is not done after ${timeoutMs / 1_000} s`,
    why: 'Its agent did not come to it; the task is cancelled.',
    hints: [{ label: 'What the agent does', command: `hive status ${task.pid}` }],
  });
}

const isUnavailable = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'unavailable';

function kernelGone(task: TaskRun, cause: unknown): CliError {
  const what = task.task === '' ? 'the task' : `task ${task.task}`;
  return new CliError({
    code: 'E_UNREACHABLE',
    exitCode: EXIT.unreachable,
    message: `the kernel went away in the middle of ${what} of ${task.name} (pid ${task.pid})`,
    why: 'Its agents end with it; what it acknowledged is kept.',
    hints: [{ label: 'Go on with what is kept', command: 'hive up -d' }],
    cause,
  });
}

function tell(context: Context, task: TaskRun, report: TaskReport): void {
  const { terminal, format, flags } = context;
  if (format === 'json' || format === 'jsonl' || format === 'yaml') {
    return void terminal.out(renderDocument('TaskResult', taskDocument(report, task.pid), format));
  }
  if (report.output !== '') terminal.outText(report.output);
  const error = taskError(report, `${task.name} (pid ${task.pid})`);
  if (error === undefined) return;
  const { verbosity } = flags;
  const isJson = isJsonFormat(format);
  terminal.err(reportError(error, { isJson, verbosity, paint: terminal.errPaint }));
}

/** The hands on Ctrl-C: once leaves, twice cancels. */
class Hands {
  /** The word, when the user left. */
  readonly left: Promise<'left'>;
  isCancelled = false;
  /** By the first signal. */
  exitCode: number = EXIT.interrupted;
  readonly #context: Context;
  readonly #task: TaskRun;
  readonly #left = Promise.withResolvers<'left'>();
  readonly #release: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(context: Context, task: TaskRun) {
    this.#context = context;
    this.#task = task;
    this.left = this.#left.promise;
    this.#release = onStopSignals((signal, count) => {
      if (count > 1) return this.#cancel();
      this.exitCode = exitCodeOfSignal(signal);
      this.#letGo();
    });
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#release();
  }

  #letGo(): void {
    const { task, pid, name } = this.#task;
    this.#task.leave();
    this.#context.terminal.note(
      `left: ${task === '' ? 'the task' : `task ${task}`} of ${name} (pid ${pid}) goes on; ` +
        `hive journal ${pid}/ -f shows it. Ctrl-C again within ` +
        `${SECOND_THOUGHTS_MS / 1_000} s cancels it.`,
    );
    this.#timer = setTimeout(() => this.#left.resolve('left'), SECOND_THOUGHTS_MS);
  }

  #cancel(): void {
    if (this.isCancelled) return;
    this.isCancelled = true;
    clearTimeout(this.#timer);
    this.#context.terminal.note('cancelling the task');
    // Whether it worked shows in the task's end; without one the deadline ends the waiting.
    void this.#task.interrupt('cancelled by the operator').catch(() => undefined);
    this.#timer = setTimeout(() => this.#giveUp(), CANCEL_MS);
  }

  #giveUp(): void {
    const { task, pid } = this.#task;
    const what = task === '' ? 'the task' : task;
    this.#context.terminal.note(`${what} is still running; hive kill ${pid} stops it`);
    this.#left.resolve('left');
  }
}
