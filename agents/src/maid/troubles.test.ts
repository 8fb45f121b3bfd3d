import { describe, expect, it } from 'vitest';
import type { Look, Seen } from './look.ts';
import { look, seen } from './testing.ts';
import { findTroubles, KINDS, SEVERITY_OF } from './troubles.ts';
import type { Past } from './troubles.ts';

const GIB = 1_024 ** 3;
const NO_PAST: Past = { open: new Set(), zombies: new Set() };

const pastOf = (open: readonly string[], zombies: readonly number[] = []): Past => ({
  open: new Set(open),
  zombies: new Set(zombies),
});
const textsOf = (now: Look, past = NO_PAST): string[] =>
  findTroubles(now, past).map(({ kind, text }) => `${kind}: ${text}`);
const textsOfOne = (wish: Partial<Seen>, past = NO_PAST): string[] =>
  textsOf(look([seen(7, wish)]), past);

describe('findTroubles()', () => {
  it('finds none where nothing is wrong, whatever state a process is in', () => {
    const states = ['starting', 'running', 'blocked', 'paused', 'sleeping', 'stopping', 'dead'];
    const processes = states.map((stateWord, at) => seen(at + 2, { stateWord, restarts: 2 }));
    expect(textsOf(look(processes))).toEqual([]);
  });

  it.each<[string, Partial<Seen>, string]>([
    [
      'a crash loop',
      {
        stateWord: 'dead',
        quarantined: true,
        restarts: 5,
        restartsInRow: 5,
        exitCause: 'crashed',
        exitDetail: 'signal SIGKILL\nthe last words',
      },
      'quarantined: worker-7 (pid 7) is quarantined: 5 restarts did not help; ' +
        'it last ended as crashed: signal SIGKILL',
    ],
    [
      'one that does not answer',
      { phase: 'unresponsive' },
      'unresponsive: worker-7 (pid 7) does not answer',
    ],
    [
      'one that hung and backs off',
      {
        stateWord: 'starting',
        phase: 'restart 1 in 1 s',
        restartsInRow: 1,
        exitCause: 'hung',
        exitDetail: 'no progress in its task for 60 s',
      },
      'hung: worker-7 (pid 7) hung and was ended: no progress in its task for 60 s',
    ],
    [
      'one that did not answer and is out for good',
      { stateWord: 'dead', exitCause: 'unresponsive' },
      'unresponsive: worker-7 (pid 7) did not answer and was ended: unresponsive',
    ],
    [
      'many restarts in a row',
      { restarts: 3, restartsInRow: 3, exitCause: 'crashed', exitDetail: 'exit code 3' },
      'restarts: worker-7 (pid 7) was restarted 3 times in a row; ' +
        'it last ended as crashed: exit code 3',
    ],
    [
      'a mailbox near its bound',
      { inboxDepth: 8_000 },
      'mailbox: the inbox of worker-7 (pid 7) holds 8000 messages of 10000',
    ],
  ])('finds %s', (_, wish, text) => {
    expect(textsOfOne(wish)).toEqual([text]);
  });

  it.each<[string, Partial<Seen>]>([
    ['a few restarts', { restarts: 2, restartsInRow: 2, exitCause: 'crashed' }],
    ['restarts that do not count any more', { restarts: 9, exitCause: 'crashed' }],
    ['one that hung and is healthy again', { restarts: 1, exitCause: 'hung' }],
    ['one that was killed as it backed off', { stateWord: 'dead', restartsInRow: 4 }],
    ['a mailbox that is not near its bound', { inboxDepth: 7_999 }],
    ['a zombie', { stateWord: 'zombie', exitCause: 'done' }],
  ])('does not take %s for a trouble (T3)', (_, wish) => {
    expect(textsOfOne(wish)).toEqual([]);
  });

  it('ends what is measured lower than it begins (T2)', () => {
    const open = pastOf(['mailbox:7']);
    expect(textsOfOne({ inboxDepth: 5_000 }, open)).toHaveLength(1);
    expect(textsOfOne({ inboxDepth: 4_999 }, open)).toEqual([]);
  });

  it('finds that the memory of the machine runs out, and that it is enough again (T2)', () => {
    const left = (gib: number): Look =>
      look([], { machine: { totalBytes: 16 * GIB, availableBytes: gib * GIB } });
    expect(textsOf(left(1.7))).toEqual([]);
    expect(textsOf(left(1.5))).toEqual(['memory: the machine has 1.5 GiB of 16.0 GiB memory left']);
    const open = pastOf(['memory:vps1']);
    expect(textsOf(left(2.3), open)).toHaveLength(1);
    expect(textsOf(left(2.5), open)).toEqual([]);
  });

  it('finds an OS process that holds much of the memory', () => {
    const memory = new Map([
      [7, 4 * GIB],
      [8, 3.9 * GIB],
    ]);
    expect(textsOf(look([seen(7), seen(8)], { memory }))).toEqual([
      "process-memory: worker-7 (pid 7) holds 4.0 GiB of the machine's 16.0 GiB memory",
    ]);
  });

  it('finds a parent that leaves results of many, once they are there for a round', () => {
    const pids = Array.from({ length: 10 }, (_, at) => 20 + at);
    const zombies = pids.map((pid) => seen(pid, { ppid: 7, stateWord: 'zombie' }));
    const now = look([seen(7), ...zombies]);
    expect(textsOf(now)).toEqual([]);
    expect(textsOf(now, pastOf([], pids.slice(1)))).toEqual([]);
    expect(textsOf(now, pastOf([], pids))).toEqual([
      'zombies: worker-7 (pid 7) has not taken the results of 10 children that ended',
    ]);
  });

  it('gives the most urgent kinds first, each trouble with a key of its own (T1)', () => {
    const processes = [
      seen(7, { inboxDepth: 9_000, phase: 'unresponsive' }),
      seen(8, { inboxDepth: 9_000, quarantined: true, stateWord: 'dead' }),
    ];
    expect(findTroubles(look(processes), NO_PAST).map(({ key }) => key)).toEqual([
      'quarantined:8',
      'unresponsive:7',
      'mailbox:7',
      'mailbox:8',
    ]);
    expect(KINDS).toEqual(Object.keys(SEVERITY_OF));
  });

  it('knows a bound', () => {
    const many = Array.from({ length: 1_200 }, (_, at) => seen(at + 2, { phase: 'unresponsive' }));
    expect(findTroubles(look(many), NO_PAST)).toHaveLength(1_000);
  });
});
