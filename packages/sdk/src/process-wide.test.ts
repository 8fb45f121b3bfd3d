import { describe, expect, it } from 'vitest';
import { processWide } from './process-wide.ts';

describe('processWide()', () => {
  it('gives two copies of the SDK the same thing', async () => {
    // A module of its own to the loader, as a second installation is.
    const copy = './process-wide.ts?copy';
    const other = (await import(/* @vite-ignore */ copy)) as { processWide: typeof processWide };
    expect(other.processWide).not.toBe(processWide);
    const mine = processWide('thing', () => ({ made: 'here' }));
    expect(other.processWide('thing', () => ({ made: 'there' }))).toBe(mine);
  });
});
