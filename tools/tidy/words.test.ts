import { describe, expect, it } from 'vitest';
import { parseSource } from './sources.ts';
import { checkTestPlace, checkWords } from './words.ts';

const HEADER = '// What it is.\n// What it is not.\n';

const rules = (path: string, text: string): string[] =>
  checkWords(parseSource(path, text)).map(({ rule, line }) => `${rule}:${line}`);

describe('checkWords()', () => {
  it.each(['utils.ts', 'string-helpers.ts', 'service.ts', 'types.ts', 'manager/a.ts', 'Camel.ts'])(
    'refuses the name %s',
    (name) => {
      expect(rules(`packages/daemon/src/${name}`, HEADER)).toEqual(['name:1']);
    },
  );

  it.each(['broker.ts', 'agent-service.ts', 'wire-types.ts', 'broker.test.ts', 'vite.config.ts'])(
    'allows the name %s',
    (name) => {
      expect(rules(`packages/daemon/src/${name}`, HEADER)).toEqual([]);
    },
  );

  it.each([
    ['none', 'export {};\n'],
    ['one line', '// Short.\nexport {};\n'],
    ['sixteen lines', '// x\n'.repeat(16)],
    ['one after the imports', `import 'a';\n${HEADER}`],
    ['one with a gap', '// a\n\n// b\n'],
  ])('refuses as a header: %s', (_name, text) => {
    expect(rules('a.ts', text)).toEqual(['header:1']);
  });

  it('takes line comments, a block, and a shebang before either', () => {
    expect(rules('a.ts', HEADER)).toEqual([]);
    expect(rules('a.ts', '/**\n * a\n */\nexport {};\n')).toEqual([]);
    expect(rules('a.js', `#!/usr/bin/env node\n${HEADER}`)).toEqual([]);
  });

  it('asks neither a test nor an index for a header', () => {
    expect(rules('a.test.ts', 'export {};\n')).toEqual([]);
    expect(rules('packages/sdk/src/index.ts', 'export {};\n')).toEqual([]);
  });

  it('refuses unfinished work in comments, not in strings', () => {
    for (const word of ['TODO', 'FIXME']) {
      expect(rules('a.ts', `${HEADER}f(); // ${word}: later\n`)).toEqual(['unfinished:3']);
      expect(rules('a.ts', `${HEADER}f('${word}');\n`)).toEqual([]);
    }
  });

  it('refuses comments that silence a check; a type test may expect an error', () => {
    expect(rules('a.ts', `${HEADER}// oxlint-disable-next-line\n`)).toEqual(['silencer:3']);
    expect(rules('a.ts', `${HEADER}\n/* @ts-ignore */\nf();\n`)).toEqual(['silencer:4']);
    expect(rules('a.test.ts', '// @ts-expect-error\nf();\n')).toEqual([]);
  });
});

describe('checkTestPlace()', () => {
  const place = (path: string, beside: string[]): number =>
    checkTestPlace(parseSource(path, ''), new Set(beside)).length;

  it('refuses a test with nothing beside it', () => {
    expect(place('packages/sdk/src/a.test.ts', ['packages/sdk/src/b.ts'])).toBe(1);
    expect(place('packages/sdk/src/a.test.ts', ['packages/sdk/src/a.ts'])).toBe(0);
    expect(place('packages/sdk/src/a.test.ts', ['packages/sdk/src/a/b.ts'])).toBe(0);
  });

  it('lets tests of the whole stand by themselves', () => {
    expect(place('packages/cli/test/swarm.test.ts', [])).toBe(0);
    expect(place('examples/echo/echo.test.ts', [])).toBe(0);
  });
});
