import { describe, expect, it } from 'vitest';
import { checkManifest } from './manifests.ts';
import { parseSource } from './sources.ts';

const messages = (dependencies: Record<string, string>, files: Record<string, string>): string[] =>
  checkManifest(
    { path: 'packages/x/package.json', manifest: { name: '@hivekernel/x', dependencies } },
    Object.entries(files).map(([path, text]) => parseSource(path, text)),
  ).map(({ message }) => message);

describe('checkManifest()', () => {
  it('refuses a manifest that lacks what a source imports or resolves', () => {
    const files = {
      'packages/x/src/a.ts': "import { a } from '@hivekernel/a/deep';\n",
      'packages/x/src/b.ts': "const path = import.meta.resolve('@hivekernel/b');\n",
    };
    expect(messages({}, files)).toEqual(['lacks @hivekernel/a', 'lacks @hivekernel/b']);
    expect(messages({ '@hivekernel/a': '1', '@hivekernel/b': '1' }, files)).toEqual([]);
  });

  it('refuses what only a comment, a test, another package or the package itself names', () => {
    const files = {
      'packages/x/src/a.ts': "// See '@hivekernel/a'.\nexport const self = '@hivekernel/x';\n",
      'packages/x/src/a.test.ts': "import { a } from '@hivekernel/a';\n",
      'packages/xy/src/a.ts': "import { a } from '@hivekernel/a';\n",
    };
    expect(messages({ '@hivekernel/a': '1' }, files)).toEqual(['does not need @hivekernel/a']);
    expect(messages({}, files)).toEqual([]);
  });

  it('leaves packages of others alone', () => {
    expect(messages({ zod: '1' }, {})).toEqual([]);
  });
});
