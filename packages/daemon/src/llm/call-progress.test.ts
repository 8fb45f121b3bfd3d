import { describe, expect, it } from 'vitest';
import { ProgressBook } from './call-progress.ts';
import { chunk } from './fake-upstream.ts';
import type { ChatChunk } from './chat.ts';
import { ManualClock } from './testing-clock.ts';

const LIMIT_MS = 120_000;
/** A process may be quiet for a little longer than its call. */
const QUIET_MS = LIMIT_MS + 2_000;
const caller = { pid: 7, firstTokenMs: LIMIT_MS };

const piece = (delta: object, end: string | null = null): ChatChunk =>
  JSON.parse(chunk(delta, end)) as ChatChunk;
const TOKEN = piece({ content: 'x' });

function ground() {
  const clock = new ManualClock();
  const told: { atMs: number; pid: number; quietMs: number }[] = [];
  const tell = (pid: number, quietMs: number): void => {
    told.push({ atMs: clock.monoMs(), pid, quietMs });
  };
  return { clock, told, book: new ProgressBook({ clock, tell }) };
}

const never = (): void => expect.unreachable();

describe('ProgressBook', () => {
  it('tells how long the process of a call may be quiet, and its end (S6)', async () => {
    const { clock, told, book } = ground();
    const call = book.open(caller);
    call.sent(never);
    expect(told).toEqual([{ atMs: 0, pid: 7, quietMs: QUIET_MS }]);
    await clock.advanceMs(5_000);
    call.heard(TOKEN);
    call.end();
    call.end();
    await clock.advanceMs(10_000);
    expect(told.slice(1)).toEqual([
      { atMs: 5_000, pid: 7, quietMs: 0 },
      { atMs: 6_000, pid: 7, quietMs: 0 },
    ]);
  });

  it('tells of tokens at most once a second, of the last one always', async () => {
    const { clock, told, book } = ground();
    const call = book.open(caller);
    call.sent(never);
    for (let n = 0; n < 100; n += 1) {
      call.heard(TOKEN);
      await clock.advanceMs(25);
    }
    expect(told.map(({ atMs }) => atMs)).toEqual([0, 1_000, 2_000]);
    await clock.advanceMs(10_000);
    expect(told.at(-1)).toEqual({ atMs: 3_000, pid: 7, quietMs: 0 });
    expect(told).toHaveLength(4);
    call.end();
  });

  it('takes the word that an answer begins for no token, and its end for one', async () => {
    const { clock, told, book } = ground();
    const call = book.open(caller);
    call.sent(never);
    for (const delta of [{ role: 'assistant', content: '' }, { tool_calls: [] }, {}]) {
      call.heard(piece(delta));
    }
    await clock.advanceMs(2_000);
    expect(told).toHaveLength(1);
    call.heard(piece({}, 'stop'));
    expect(told.at(-1)).toEqual({ atMs: 2_000, pid: 7, quietMs: 0 });
    call.end();
  });

  it('does not let a token of one call shorten the quiet of another', async () => {
    const { clock, told, book } = ground();
    const [slow, fast] = [book.open(caller), book.open(caller)];
    slow.sent(never);
    fast.sent(never);
    await clock.advanceMs(10_000);
    fast.heard(TOKEN);
    fast.end();
    expect(told.at(-1)).toEqual({ atMs: 10_000, pid: 7, quietMs: QUIET_MS - 10_000 });
    slow.end();
    await clock.advanceMs(1_000);
    expect(told.at(-1)).toEqual({ atMs: 11_000, pid: 7, quietMs: 0 });
  });

  it('renews the quiet of who waits in line, for as long as he waits', async () => {
    const { clock, told, book } = ground();
    const call = book.open(caller);
    call.waits();
    await clock.advanceMs(60_000);
    const gaps = told.map(({ atMs, quietMs }) => atMs + quietMs).slice(1);
    const wakes = told.map(({ atMs }) => atMs).slice(2);
    // At each moment there is more to come than the limit.
    expect(Math.min(...gaps.map((untilMs, n) => untilMs - (wakes[n] ?? 0)))).toBeGreaterThan(
      LIMIT_MS,
    );
    call.sent(never);
    await clock.advanceMs(1_000);
    expect(told.at(-1)).toEqual({ atMs: 61_000, pid: 7, quietMs: QUIET_MS - 1_000 });
    call.end();
  });

  it('gives up who had no token within the limit, from the request on', async () => {
    const { clock, book } = ground();
    const call = book.open(caller);
    call.waits();
    await clock.advanceMs(500_000);
    const late: number[] = [];
    call.sent((limitMs) => late.push(limitMs));
    await clock.advanceMs(LIMIT_MS - 1);
    expect(late).toEqual([]);
    await clock.advanceMs(1);
    expect(late).toEqual([LIMIT_MS]);
    call.end();
  });

  it('gives up nobody between two tries, and each try has the whole limit (B7)', async () => {
    const { clock, book } = ground();
    const call = book.open(caller);
    const late: number[] = [];
    const onLate = (): void => void late.push(clock.monoMs());
    call.sent(onLate);
    await clock.advanceMs(LIMIT_MS - 1);
    call.waits();
    await clock.advanceMs(LIMIT_MS);
    call.sent(onLate);
    await clock.advanceMs(LIMIT_MS - 1);
    expect(late).toEqual([]);
    await clock.advanceMs(1);
    expect(late).toEqual([3 * LIMIT_MS - 1]);
    call.end();
  });

  it('gives up nobody who has no limit', async () => {
    const { clock, told, book } = ground();
    const call = book.open({ pid: 1, firstTokenMs: 0 });
    call.sent(never);
    await clock.advanceMs(1_000_000);
    call.end();
    expect(told.map(({ quietMs }) => quietMs)).toEqual([0, 0]);
  });

  it('tells nothing after its stop', async () => {
    const { clock, told, book } = ground();
    const call = book.open(caller);
    call.waits();
    book.stop();
    const before = told.length;
    call.end();
    await clock.advanceMs(100_000);
    expect(told).toHaveLength(before);
  });
});
