// Does one thing to each of several targets, one after the other, and tells what became of it.
//   One that fails does not stop the others. All went well: 0; some: 8; none: the code of the
//   first failure, or 5 where there was nothing left to do it to (UX §4.4).

import type { Context } from '../context.ts';
import { asCliError } from '../errors/cli-error.ts';
import type { CliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import type { ExitCode } from '../errors/exit-codes.ts';
import type { Target } from './targets.ts';

/** What doing it to one target came to. */
export interface Done {
  /** Whom it reached. */
  readonly pids: readonly number[];
  /** Of the artifact that it made. */
  readonly key?: string;
}

export interface Failure {
  readonly pid: number;
  readonly error: CliError;
}

export interface Outcome {
  /** In the order in which they were reached, each once. */
  readonly reached: readonly number[];
  readonly artifacts: readonly { readonly pid: number; readonly key: string }[];
  /** It was over with them before. */
  readonly gone: readonly number[];
  readonly failures: readonly Failure[];
}

export async function carryOut(
  work: { targets: readonly Target[]; gone?: readonly number[] },
  act: (target: Target) => Promise<Done>,
): Promise<Outcome> {
  const { targets, gone = [] } = work;
  const reached = new Set<number>();
  const artifacts: { pid: number; key: string }[] = [];
  const failures: Failure[] = [];
  for (const target of targets) {
    const { pid } = target.agent;
    if (reached.has(pid)) continue;
    try {
      const { pids, key = '' } = await act(target);
      for (const one of pids) reached.add(one);
      if (key !== '') artifacts.push({ pid, key });
    } catch (error) {
      failures.push({ pid, error: asCliError(error) });
    }
  }
  return { reached: [...reached], artifacts, gone, failures };
}

export function exitCodeOfOutcome({ reached, failures }: Outcome): ExitCode {
  const [first] = failures;
  if (first !== undefined) return reached.length > 0 ? EXIT.partial : first.error.exitCode;
  return reached.length > 0 ? EXIT.ok : EXIT.wrongState;
}

export interface Telling {
  /** Of the document: `KillResult`. */
  readonly kind: string;
  /** Before the count: `paused`. */
  readonly done: string;
  /** Whom it reached, in the document: `signalled`. */
  readonly field: string;
  /** Further fields of the document. */
  readonly also?: Readonly<Record<string, string | null>>;
}

/** Prints it, and says with which code to exit. */
export function tellOutcome(context: Context, outcome: Outcome, words: Telling): ExitCode {
  const { terminal, format } = context;
  const { reached, artifacts, gone, failures } = outcome;
  const failed = failures.map(({ pid, error }) => ({
    pid,
    code: error.code,
    message: error.message,
  }));
  const keys = artifacts.length === 0 ? {} : { artifacts };
  const body = { ...words.also, [words.field]: reached, gone, failed, ...keys };
  if (format === 'name') terminal.out(namesOf(outcome));
  else context.show(words.kind, body, () => peopleText(outcome, words));
  for (const pid of gone) terminal.note(`pid ${pid} is already gone`);
  for (const { pid, error } of failures) {
    terminal.note(`error[${error.code}]: pid ${pid}: ${error.message}`);
  }
  return exitCodeOfOutcome(outcome);
}

const lines = (values: readonly (number | string)[]): string =>
  values.map((value) => `${value}\n`).join('');

/** Where artifacts are made, they are what is wanted. */
const namesOf = ({ artifacts, reached }: Outcome): string =>
  artifacts.length > 0 ? lines(artifacts.map(({ key }) => key)) : lines(reached);

const peopleText = (outcome: Outcome, { done }: Telling): string =>
  outcome.artifacts.length > 0 ? namesOf(outcome) : `${done} ${outcome.reached.length}\n`;
