// How the tests run. They share two cores with what they start, so that there are two workers;
// the reporter names what was skipped and, under CI, fails the run for it.

import { defineConfig } from 'vitest/config';

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
    testTimeout: 20_000,
    hookTimeout: 20_000,
    maxWorkers: 2,
  },
});
