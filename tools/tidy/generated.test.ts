import { describe, expect, it } from 'vitest';
import { checkGenerated, fillMarkers } from './generated.ts';

const DOC = { file: 'docs/a.md', generate: () => 'new' };

describe('checkGenerated()', () => {
  it('refuses a stale document and skips one that does not exist', () => {
    expect(checkGenerated([DOC], () => 'old')).toMatchObject([{ file: 'docs/a.md' }]);
    expect(checkGenerated([DOC], () => 'new')).toEqual([]);
    expect(checkGenerated([DOC], () => undefined)).toEqual([]);
  });
});

describe('fillMarkers()', () => {
  it('replaces what stands between the markers, again and again alike', () => {
    const current = 'a\n<!-- x:start -->\nold\n<!-- x:end -->\nz\n';
    const once = fillMarkers({ current, name: 'x', body: 'new' });
    expect(once).toBe('a\n<!-- x:start -->\n\nnew\n\n<!-- x:end -->\nz\n');
    expect(fillMarkers({ current: once, name: 'x', body: 'new' })).toBe(once);
  });

  it('throws when a marker is missing', () => {
    expect(() => fillMarkers({ current: 'a', name: 'x', body: '' })).toThrow('missing');
  });
});
