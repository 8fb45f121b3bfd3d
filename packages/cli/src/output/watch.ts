// `--watch`: the same list again and again while things happen. On a terminal it is redrawn in
// place; in a pipe each record that changed is one JSON line.
//   A kernel that went away is waited for, with what was seen last.
//   Driven by the kernel's events, at most twice a second, at least every five seconds (ages).
//   A pipe into which nothing was written for so long gets a blank, which JSON does not mind: it is
//   how a reader that went away is found out, and the watch ends.

import { HiveClientError } from '@hivekernel/client';
import type { Context, ListFlags } from '../context.ts';
import { renderListing } from './listing.ts';
import type { Item, Listing } from './listing.ts';
import { LiveRegion } from './live-region.ts';
import { untilSignal } from '../kernel/signals.ts';

const REFRESH_MIN_MS = 500;
const REFRESH_MAX_MS = 5_000;
const QUIET_MAX_MS = 4_000;

/** Goes on until Ctrl-C, or until nobody reads it any more. */
export async function watchList<T extends Item>(
  context: Context,
  look: () => Promise<Listing<T>>,
  flags: ListFlags,
): Promise<void> {
  const stop = untilSignal();
  const changes = new ChangeBell(context, stop.signal);
  const show = context.terminal.isOutTty
    ? regionShow<T>(context, flags)
    : lineShow<T>((text) => void context.terminal.out(text));
  let last: Listing<T> | undefined;
  let isGone = false;
  const tell = (line: string): void => {
    isGone = !isGone;
    show.end();
    context.terminal.note(line);
  };
  const lookOrWait = async (): Promise<Listing<T>> => {
    try {
      last = await look();
      if (isGone) tell('connected again');
    } catch (error) {
      if (last === undefined || !isUnavailable(error)) throw error;
      if (!isGone) tell('the kernel is gone; waiting for it');
    }
    return last;
  };
  try {
    changes.listen();
    while (!stop.signal.aborted) {
      show.draw(await lookOrWait());
      await changes.next();
    }
  } finally {
    show.end();
    stop.release();
  }
}

const isUnavailable = (error: unknown): boolean =>
  error instanceof HiveClientError && error.code === 'unavailable';

interface Show<T extends Item> {
  draw(listing: Listing<T>): void;
  end(): void;
}

function regionShow<T extends Item>(context: Context, flags: ListFlags): Show<T> {
  const { terminal } = context;
  const region = new LiveRegion({
    write: (text) => void terminal.out(text),
    size: () => terminal.size,
  });
  const columns = flags.columns?.split(',');
  return {
    draw: (listing) => {
      const width = terminal.size.columns;
      const format = context.format === 'wide' ? 'wide' : 'table';
      region.draw(renderListing(listing, { format, columns, width }).trimEnd().split('\n'));
    },
    end: () => region.keep(),
  };
}

/** One line for each record that is not as it was. */
export function lineShow<T extends Item>(
  out: (text: string) => void,
  nowMs: () => number = () => performance.now(),
): Show<T> {
  let before = new Map<string, string>();
  let writtenMs = nowMs();
  const write = (text: string): void => {
    writtenMs = nowMs();
    out(text);
  };
  return {
    draw: (listing) => {
      const now = new Map<string, string>();
      for (const item of listing.items) {
        const { ageSeconds: _, ...lasting } = item;
        const line = JSON.stringify(lasting);
        const key = (listing.keyOf ?? listing.nameOf)(item);
        now.set(key, line);
        if (before.get(key) !== line) write(`${JSON.stringify(item)}\n`);
      }
      before = now;
      if (nowMs() - writtenMs >= QUIET_MAX_MS) write(' ');
    },
    end: () => undefined,
  };
}

/** Rings when something happened, not too often and not too seldom. */
class ChangeBell {
  readonly #context: Context;
  readonly #signal: AbortSignal;
  #hasRung = false;
  #wake: (() => void) | undefined;

  constructor(context: Context, signal: AbortSignal) {
    this.#context = context;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  listen(): void {
    // Without events the list is still drawn again every REFRESH_MAX_MS.
    void this.#follow().catch(() => undefined);
  }

  async next(): Promise<void> {
    await this.#pause(REFRESH_MIN_MS, false);
    if (!this.#hasRung) await this.#pause(REFRESH_MAX_MS - REFRESH_MIN_MS, true);
    this.#hasRung = false;
  }

  #pause(ms: number, canRing: boolean): Promise<void> {
    if (this.#signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#wake = () => {
        if (canRing || this.#signal.aborted) end();
      };
    });
  }

  async #follow(): Promise<void> {
    const client = await this.#context.client();
    const { seq } = await client.status();
    for await (const _event of client.followEvents({ afterSeq: seq, signal: this.#signal })) {
      this.#hasRung = true;
      this.#wake?.();
    }
  }
}
