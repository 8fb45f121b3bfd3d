import { describe, expect, it } from 'vitest';
import { checkLockfile, completeLockfile } from './lockfile.ts';

const optionalDependencies = {
  '@x/tool-linux-x64-musl': '1.0.0',
  '@x/tool-linux-arm-gnueabihf': '1.0.0',
  '@x/tool-win32-arm64-msvc': '1.0.0',
  '@x/tool-linux-x64-gnu': '1.0.0',
};
const LOCK = {
  lockfileVersion: 3,
  packages: {
    '': {},
    'node_modules/@x/tool-linux-x64-gnu': { version: '1.0.0' },
    'node_modules/tool': { version: '1.0.0', dev: true, optionalDependencies },
  },
};

describe('checkLockfile()', () => {
  it('names each optional package that has no entry', () => {
    const messages = checkLockfile(LOCK).map(({ message }) => message.split(':')[0]);
    expect(messages).toEqual([
      'lacks @x/tool-linux-x64-musl@1.0.0',
      'lacks @x/tool-linux-arm-gnueabihf@1.0.0',
      'lacks @x/tool-win32-arm64-msvc@1.0.0',
    ]);
  });
});

describe('completeLockfile()', () => {
  it('enters what is missing with its platform, in order', () => {
    const lock = completeLockfile(LOCK);
    expect(checkLockfile(lock)).toEqual([]);
    expect(Object.keys(lock.packages)).toEqual([
      '',
      'node_modules/@x/tool-linux-arm-gnueabihf',
      'node_modules/@x/tool-linux-x64-gnu',
      'node_modules/@x/tool-linux-x64-musl',
      'node_modules/@x/tool-win32-arm64-msvc',
      'node_modules/tool',
    ]);
    expect(lock.packages['node_modules/@x/tool-linux-x64-musl']).toEqual({
      version: '1.0.0',
      dev: true,
      optional: true,
      os: ['linux'],
      cpu: ['x64'],
      libc: ['musl'],
    });
    expect(lock.packages['node_modules/@x/tool-win32-arm64-msvc']).toMatchObject({
      os: ['win32'],
      cpu: ['arm64'],
    });
  });

  it('refuses a name that does not tell its platform', () => {
    const packages = { tool: { optionalDependencies: { fsevents: '1.0.0' } } };
    expect(() => completeLockfile({ packages })).toThrow('fsevents');
  });
});
