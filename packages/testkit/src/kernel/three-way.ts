// The three-way equality: fold(all events) = fold(snapshot at some earlier point + rest) = live
// (DESIGN §3). Kept while a kernel runs, asked for at its end.
//   Events and snapshots pass through JSON, as they do in the journal, so that nothing survives by
//   being the same object. The folds have settings of their own: state depends on none (D2).

import {
  DEFAULT_SETTINGS,
  Kernel,
  type Chance,
  type Event,
  type KernelSettings,
} from '@hivekernel/kernel';

interface EarlySnapshot {
  readonly seq: number;
  readonly body: string;
}

export class ThreeWay {
  readonly #chance: Chance;
  #early: EarlySnapshot | undefined;
  #points = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** A point between two passes: each is the early one in the end with equal chance. */
  passed(kernel: Kernel): void {
    this.#points += 1;
    if (this.#chance.next() * this.#points < 1) this.mark(kernel);
  }

  /** This point is the early one, until chance takes another. */
  mark(kernel: Kernel): void {
    this.#early = { seq: kernel.state.log.lastSeq, body: kernel.snapshot() };
  }

  /** Throws, naming the first place where two states differ. */
  check(kernel: Kernel, events: readonly Event[]): void {
    const live = kernel.snapshot();
    const journal = events.map((event) => JSON.stringify(event));
    const settings = OTHER_SETTINGS;
    const all = folded({ early: undefined, journal, settings });
    assertSame(live, all.snapshot(), 'fold(all)');
    const early = this.#early;
    if (early === undefined) return;
    const rest = folded({ early, journal, settings });
    assertSame(live, rest.snapshot(), `fold(snapshot at ${early.seq} + rest)`);
  }

  /**
   * A kernel as it comes back after the daemon's death: from the early snapshot, if there is one.
   */
  recovered(events: readonly Event[], by: { settings: KernelSettings; chance: Chance }): Kernel {
    const journal = events.map((event) => JSON.stringify(event));
    return folded({ early: this.#early, journal, ...by });
  }
}

/** What a fold by mistake asked for would differ. */
const OTHER_SETTINGS: KernelSettings = {
  ...DEFAULT_SETTINGS,
  agingMsPerLevel: 1,
  artifactVersionsKept: 1,
};

function folded(of: {
  early: EarlySnapshot | undefined;
  journal: readonly string[];
  settings: KernelSettings;
  chance?: Chance;
}): Kernel {
  const { early, journal, settings, chance } = of;
  const kernel = new Kernel({ settings, partition: 0, ...(chance && { chance }) });
  if (early !== undefined) kernel.restore(early.body);
  for (const line of journal.slice(early?.seq ?? 0)) kernel.replay(JSON.parse(line) as Event);
  kernel.resume();
  return kernel;
}

const EXCERPT_CHARS = 160;

function assertSame(live: string, folded: string, what: string): void {
  if (live === folded) return;
  let at = 0;
  while (live[at] === folded[at]) at += 1;
  const from = Math.max(0, at - EXCERPT_CHARS);
  const excerpt = (text: string): string => text.slice(from, at + EXCERPT_CHARS);
  throw new Error(
    `live and ${what} differ at character ${at}:\n  live:   …${excerpt(live)}…\n` +
      `  folded: …${excerpt(folded)}…`,
  );
}
