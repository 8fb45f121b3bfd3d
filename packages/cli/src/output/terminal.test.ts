import { describe, expect, it } from 'vitest';
import { hasColour } from './terminal.ts';

describe('hasColour()', () => {
  it.each([
    { env: {}, tty: true, choice: 'auto', is: true },
    { env: {}, tty: false, choice: 'auto', is: false },
    { env: { NO_COLOR: '1' }, tty: true, choice: 'auto', is: false },
    { env: { NO_COLOR: '' }, tty: true, choice: 'auto', is: true },
    { env: { NO_COLOR: '1' }, tty: true, choice: 'always', is: true },
    { env: { FORCE_COLOR: '1' }, tty: false, choice: 'auto', is: true },
    { env: { FORCE_COLOR: '0' }, tty: true, choice: 'auto', is: false },
    { env: { FORCE_COLOR: '1' }, tty: true, choice: 'never', is: false },
    { env: { NO_COLOR: '1', FORCE_COLOR: '1' }, tty: true, choice: 'auto', is: false },
    { env: { CLICOLOR: '0' }, tty: true, choice: 'auto', is: false },
    { env: { CLICOLOR_FORCE: '1' }, tty: false, choice: 'auto', is: true },
    { env: { TERM: 'dumb' }, tty: true, choice: 'auto', is: false },
  ] as const)('$choice on a terminal: $tty with $env is $is', ({ env, tty, choice, is }) => {
    expect(hasColour(tty, choice, env)).toBe(is);
  });
});
