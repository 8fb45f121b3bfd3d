import { describe, expect, it } from 'vitest';
import { compileSnippets, extractSnippets } from './snippets.ts';

describe('extractSnippets()', () => {
  it('finds the ts blocks only, with their lines and names', () => {
    const text = '# A\n```ts\nlet a;\n```\n```sh\nls\n```\n  ```ts file=b.ts\nlet b;\n  ```\n';
    expect(extractSnippets('README.md', text)).toEqual([
      { doc: 'README.md', line: 3, name: undefined, code: 'let a;' },
      { doc: 'README.md', line: 9, name: 'b.ts', code: 'let b;' },
    ]);
  });

  it('takes a block inside a longer fence for its text', () => {
    expect(extractSnippets('a.md', '````md\n```ts\nlet a;\n```\n````\n')).toEqual([]);
  });
});

describe('compileSnippets()', () => {
  it('reports an error at its line of the document, and lets blocks import each other', () => {
    const good = extractSnippets('good.md', '```ts file=a.ts\nexport const a = 1;\n```\n');
    const user = "```ts\nimport { a } from './a.ts';\nexport const b: number = a;\n```\n";
    const bad = extractSnippets('docs/bad.md', '# Bad\n\n```ts\nconst a: string = 1;\n```\n');
    expect(compileSnippets([...good, ...extractSnippets('good.md', user), ...bad])).toEqual([
      {
        file: 'docs/bad.md',
        line: 4,
        rule: 'snippet',
        message: expect.stringContaining('not assignable'),
      },
    ]);
  });

  it('resolves the packages of the workspace', () => {
    const text = "```ts\nimport { KernelError } from '@hivekernel/nowhere';\nKernelError;\n```\n";
    expect(compileSnippets(extractSnippets('a.md', text))).toHaveLength(1);
    const known = text.replace('@hivekernel/nowhere', 'vitest').replaceAll('KernelError', 'it');
    expect(compileSnippets(extractSnippets('a.md', known))).toEqual([]);
  });
});
