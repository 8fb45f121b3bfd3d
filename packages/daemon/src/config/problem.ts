// What is wrong with a configuration, gathered over all sources and reported at once.
//   A report names the place, the key, what is wrong and what is allowed, one line each.

import { KernelError } from '@hivekernel/kernel';

export interface ConfigProblem {
  /** `hive.yaml:3:5`, `HIVE_HTTP_PORT`, `--http-port`, `.env:2`. */
  readonly where: string;
  readonly key?: string;
  readonly what: string;
  readonly allowed?: string;
}

/** Problems in one report; further ones are counted. */
const REPORTED_MAX = 50;

function line(problem: ConfigProblem): string {
  const key = problem.key === undefined ? '' : `${problem.key}: `;
  const allowed = problem.allowed === undefined ? '' : `; allowed: ${problem.allowed}`;
  return `  ${problem.where}: ${key}${problem.what}${allowed}`;
}

/** One `invalid_argument` for all of them. The command line ends with 78 on it. */
export function configError(problems: readonly ConfigProblem[]): KernelError {
  const [first] = problems;
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const lines = problems.slice(0, REPORTED_MAX).map(line);
  const more = problems.length - lines.length;
  if (more > 0) lines.push(`  … and ${more} more`);
  return new KernelError('invalid_argument', `${count} in the configuration\n${lines.join('\n')}`, {
    details: {
      problems: problems.length,
      where: first?.where ?? '',
      key: first?.key ?? '',
      reason: 'configuration',
    },
  });
}
