// The order in which test files run: those that start processes first. They take seconds, whatever
// their size; what is left at the end is small, so that all workers end together. Vitest's own
// order, by what it remembers of the last run and else by size, holds within both parts: a fresh
// clone remembers nothing.

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Parts of their paths. */
const STARTING_PROCESSES: readonly string[] = [
  '/bench/src/',
  '/examples/',
  '/packages/cli/bin/',
  '/packages/cli/test/',
  '/packages/client/test/',
  '/packages/daemon/src/journal/',
  '/packages/daemon/test/',
  '/packages/sdk/src/runner.test.ts',
  '/tools/pack.test.ts',
];

const isLong = (path: string): boolean => STARTING_PROCESSES.some((part) => path.includes(part));

/** The order of those that are alike stays. */
export const longFirst = <File>(
  files: readonly File[],
  pathOf: (file: File) => string,
): readonly File[] => {
  const long = files.filter((file) => isLong(pathOf(file)));
  return [...long, ...files.filter((file) => !isLong(pathOf(file)))];
};

export default class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...longFirst(await super.sort(files), ({ moduleId }) => moduleId)];
  }
}
