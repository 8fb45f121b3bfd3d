// What went out in the past minute, in requests or in tokens, of one model at one provider (B7).
// Two half-windows make the slide: the count of the past minute is the present one plus the
// fitting share of the one before. Volatile; it begins anew with the daemon.

const WINDOW_MS = 60_000;

export class RateWindow {
  /** 0: unlimited. */
  readonly #perMinuteMax: number;
  #window = 0;
  #current = 0;
  #previous = 0;

  constructor(perMinuteMax: number) {
    this.#perMinuteMax = perMinuteMax;
  }

  /** Nothing of the past minute is left to count. */
  isEmptyAt(nowMs: number): boolean {
    this.#slide(nowMs);
    return this.#perMinuteMax === 0 || this.#current + this.#previous === 0;
  }

  /** How long until there is room for so much; 0: now. More than a minute holds goes alone. */
  waitMs(amount: number, nowMs: number): number {
    if (this.#perMinuteMax === 0) return 0;
    this.#slide(nowMs);
    const asked = Math.min(amount, this.#perMinuteMax);
    const room = this.#perMinuteMax - asked;
    const intoMs = nowMs % WINDOW_MS;
    const used = this.#current + this.#previous * (1 - intoMs / WINDOW_MS);
    if (used <= room) return 0;
    return Math.ceil(this.#untilMs(room, intoMs)) + 1;
  }

  add(amount: number, nowMs: number): void {
    this.#slide(nowMs);
    this.#current += amount;
  }

  /** What was reckoned with turned out to be another amount. */
  correct(by: number, nowMs: number): void {
    this.#slide(nowMs);
    this.#current = Math.max(0, this.#current + by);
  }

  /** When nothing more comes. */
  #untilMs(room: number, intoMs: number): number {
    if (this.#current <= room) {
      const share = this.#previous === 0 ? 0 : (room - this.#current) / this.#previous;
      return WINDOW_MS * (1 - share) - intoMs;
    }
    return WINDOW_MS - intoMs + WINDOW_MS * (1 - room / this.#current);
  }

  #slide(nowMs: number): void {
    const window = Math.floor(nowMs / WINDOW_MS);
    if (window === this.#window) return;
    this.#previous = window === this.#window + 1 ? this.#current : 0;
    this.#current = 0;
    this.#window = window;
  }
}
