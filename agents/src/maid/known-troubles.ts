// The troubles that were told, and since when they are known: what the maid keeps as her
// checkpoint, so that the next incarnation of her does not tell them again.
//   A trouble that is over is forgotten, so that it is news when it comes again.
import type { KnownTrouble } from './report.ts';
import type { Trouble } from './troubles.ts';

export class KnownTroubles {
  readonly #since: Map<string, number>;

  constructor(since: Iterable<readonly [string, number]> = []) {
    this.#since = new Map(since);
  }

  /** What cannot be read counts as nothing: another version of her may have left it. */
  static read(saved: string | undefined): KnownTroubles {
    try {
      const { known } = JSON.parse(saved ?? '{}') as { known?: unknown };
      return new KnownTroubles(Object.entries(known ?? {}).filter(isEntry));
    } catch {
      return new KnownTroubles();
    }
  }

  get text(): string {
    return JSON.stringify({ known: Object.fromEntries(this.#since) });
  }

  get keys(): ReadonlySet<string> {
    return new Set(this.#since.keys());
  }

  add(keys: readonly string[], atMs: number): void {
    for (const key of keys) this.#since.set(key, this.#since.get(key) ?? atMs);
  }

  /** Forgets those that are over, and returns them. */
  forgetOthers(troubles: readonly Trouble[]): readonly string[] {
    const now = new Set(troubles.map(({ key }) => key));
    const over = [...this.#since.keys()].filter((key) => !now.has(key));
    for (const key of over) this.#since.delete(key);
    return over;
  }

  dated(troubles: readonly Trouble[], nowMs: number): readonly KnownTrouble[] {
    return troubles.map((one) => ({ ...one, sinceMs: this.#since.get(one.key) ?? nowMs }));
  }
}

function isEntry(entry: [string, unknown]): entry is [string, number] {
  return typeof entry[1] === 'number' && Number.isFinite(entry[1]);
}
