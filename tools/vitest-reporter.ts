// Says at the end of a test run what was skipped, then one plain line: `N passed, N failed`.
// Under CI nothing may be skipped: a machine that lacks what a suite needs must be given it, or the
// run fails. A skipped test says why in its note (`context.skip('no old Node')`) or in its title.

import type { Reporter, TestCase, TestModule } from 'vitest/node';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** One line each: the file, the full title, the note if there is one. */
  readonly skipped: readonly string[];
}

/** What the reporter needs to know of a test. */
export interface TestOutcome {
  readonly file: string;
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
  readonly note?: string | undefined;
}

export function tallyOf(outcomes: readonly TestOutcome[]): Tally {
  const count = (state: TestOutcome['state']): number =>
    outcomes.filter((outcome) => outcome.state === state).length;
  const skipped = outcomes
    .filter(({ state }) => state === 'skipped' || state === 'pending')
    .map(({ file, title, note }) => `${file} > ${title}${note ? ` (${note})` : ''}`);
  return { passed: count('passed'), failed: count('failed'), skipped };
}

/** The closing lines; `brokenCount` counts what failed outside of any test: a file, a hook. */
export function describeTally(
  tally: Tally,
  options: { brokenCount: number; isCi: boolean },
): string {
  const { passed, skipped } = tally;
  const failed = tally.failed + options.brokenCount;
  const lines =
    skipped.length === 0
      ? []
      : [`skipped suites: ${skipped.length}`, ...skipped.map((s) => `  ${s}`)];
  if (options.isCi && skipped.length > 0)
    lines.push('In CI nothing may be skipped: this run fails.');
  return [...lines, `${passed} passed, ${failed} failed`].join('\n');
}

export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const tally = tallyOf(tests.map(outcomeOf));
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const broken = suites.filter((suite) => suite.errors().length > 0);
    const isCi = Boolean(process.env['CI']);
    const brokenCount = broken.length + unhandledErrors.length;
    process.stdout.write(`\n${describeTally(tally, { brokenCount, isCi })}\n`);
    if (isCi && tally.skipped.length > 0) process.exitCode = 1;
  }
}

function outcomeOf(test: TestCase): TestOutcome {
  const result = test.result();
  return {
    file: test.module.relativeModuleId,
    title: test.fullName,
    state: result.state,
    note: result.state === 'skipped' ? result.note : undefined,
  };
}
