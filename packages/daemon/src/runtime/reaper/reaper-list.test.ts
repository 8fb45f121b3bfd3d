import { describe, expect, it } from 'vitest';
import { ReaperList, QUIT_LINE, addLine, removeLine } from './reaper-list.ts';

describe('ReaperList', () => {
  it('keeps what was added and not removed, whatever the pieces', () => {
    const list = new ReaperList();
    const text = addLine({ osPid: 7, osStarted: 'a' }) + addLine({ osPid: 8, osStarted: 'b' });
    for (const char of text + removeLine(7)) list.push(char);
    expect(list.records).toEqual([{ osPid: 8, osStarted: 'b' }]);
  });

  it('names who was added without a start time, and takes it later, once', () => {
    const list = new ReaperList();
    expect(list.push(addLine({ osPid: 7, osStarted: '' }))).toEqual([7]);
    list.complete(7, 'a');
    list.complete(7, 'b');
    list.complete(8, 'c');
    expect(list.records).toEqual([{ osPid: 7, osStarted: 'a' }]);
  });

  it('notes a quit', () => {
    const list = new ReaperList();
    list.push(QUIT_LINE);
    expect(list.isQuit).toBe(true);
  });

  it.each(['+ 0 a\n', '+ 1 a\n', '+ -4 a\n', '+ x a\n', 'nonsense\n', '\n'])(
    'passes over %j',
    (line) => {
      const list = new ReaperList();
      list.push(line);
      expect(list.records).toEqual([]);
      expect(list.isQuit).toBe(false);
    },
  );
});
