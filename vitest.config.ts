// How the tests run. Most of them wait for processes that they started, so that there is one
// worker more than there are cores; the reporter names what was skipped and, under CI, fails
// the run for it.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import LongFirst from './tools/vitest-sequencer.ts';

/** What tests start is compiled once, not once a process. */
const COMPILE_CACHE = fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url));

export default defineConfig({
  test: {
    reporters: ['default', './tools/vitest-reporter.ts'],
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'agents/src/**/*.test.ts',
      'examples/*/*.test.ts',
      'tools/**/*.test.ts',
      'packages/*/bin/*.test.ts',
      'bench/src/**/*.test.ts',
    ],
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
    testTimeout: 20_000,
    hookTimeout: 20_000,
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    // No module here keeps state between files; workers of their own cost ten to thirty seconds.
    isolate: false,
  },
});
