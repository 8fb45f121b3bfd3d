import { describe, expect, it } from 'vitest';
import { checkLayers, drawLayers, layerOf } from './layers.ts';
import { parseSource } from './sources.ts';

const complaints = (path: string, text: string): string[] =>
  checkLayers(parseSource(path, text)).map(({ line, message }) => `${line}: ${message}`);

describe('checkLayers()', () => {
  it.each([
    ['packages/kernel/src/ipc/a.ts', "import { a } from '@hivekernel/protocol';", /L1/],
    ['packages/sdk/src/a.ts', "import type { A } from '@hivekernel/kernel';", /L1/],
    ['packages/client/src/a.ts', "export * from '@hivekernel/daemon/deep';", /L1/],
    ['packages/daemon/src/a.ts', "const a = await import('@hivekernel/cli');", /L1/],
    ['packages/daemon/src/a.ts', "import { a } from '../../kernel/src/a.ts';", /L1/],
    ['examples/echo/a.ts', "import { a } from '../team/a.ts';", /L1/],
    ['packages/kernel/src/ipc/a.ts', "import { readFile } from 'node:fs';", /L3/],
    ['packages/kernel/src/ipc/a.ts', "import { z } from 'zod';", /L3/],
    ['packages/kernel/src/process/a.ts', "import { a } from '../ipc/a.ts';", /below/],
    ['packages/kernel/src/ipc/a.ts', "import { a } from '../artifacts/a.ts';", /beside/],
    ['packages/kernel/src/scheduler/a.ts', "import { a } from '../supervision/a.ts';", /below/],
    ['packages/kernel/src/errors.ts', "import { a } from './kernel.ts';", /below/],
    ['packages/kernel/src/odd/a.ts', "import { a } from '../errors.ts';", /no row/],
    ['packages/kernel/src/ipc/a.ts', "import { a } from '../odd/a.ts';", /no row/],
  ])('refuses in %s: %s', (path, text, reason) => {
    expect(complaints(path, `// one\n${text}\n`)).toEqual([
      expect.stringMatching(new RegExp(`^2: .*(${reason.source})`)),
    ]);
  });

  it.each([
    ['packages/daemon/src/a.ts', "import { a } from '@hivekernel/kernel';"],
    ['packages/daemon/src/a.ts', "import { readFile } from 'node:fs';"],
    ['packages/daemon/src/a.ts', "import { a } from './b.ts';"],
    ['packages/kernel/src/ids.ts', "import { a } from './errors.ts';"],
    ['packages/kernel/src/ipc/a.ts', "import { a } from './b.ts';"],
    ['packages/kernel/src/ipc/a.ts', "import { a } from '../process/record.ts';"],
    ['packages/kernel/src/supervision/a.ts', "import { a } from '../scheduler/a.ts';"],
    ['packages/kernel/src/syscalls/a.ts', "import { a } from '../cluster/a.ts';"],
    ['packages/kernel/src/index.ts', "export * from './kernel.ts';"],
    ['packages/kernel/src/ipc/a.test.ts', "import { a } from '@hivekernel/testkit';"],
    ['packages/kernel/src/ipc/a.test.ts', "import { it } from 'vitest';"],
    ['packages/kernel/src/ipc/a.test.ts', "import { a } from '../kernel.ts';"],
    ['examples/echo/a.test.ts', "import { a } from '@hivekernel/daemon';"],
    ['vitest.config.ts', "import { a } from 'vitest/config';"],
  ])('allows in %s: %s', (path, text) => {
    expect(complaints(path, text)).toEqual([]);
  });
});

describe('layerOf()', () => {
  it('does not take a folder for another whose name it begins', () => {
    expect(layerOf('packages/clientele/src/a.ts')).toBeUndefined();
    expect(layerOf('packages/client/src/a.ts')).toBe('client');
  });
});

describe('drawLayers()', () => {
  it('draws each package and each row of the kernel', () => {
    expect(drawLayers()).toMatch(/^sdk +-> protocol$/m);
    expect(drawLayers()).toMatch(/^kernel +-> \(nothing\)$/m);
    expect(drawLayers()).toContain('permissions   resources   ipc   artifacts');
  });
});
