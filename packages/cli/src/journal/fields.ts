// Fields of an event whose shape is the journal's business: read by name, never trusted. What is
// missing or of another kind reads as nothing.

export type Data = Readonly<Record<string, unknown>>;

export class Fields {
  readonly #data: Data;

  constructor(data: Data) {
    this.#data = data;
  }

  has(key: string): boolean {
    return this.#data[key] !== undefined && this.#data[key] !== null;
  }

  text(key: string): string {
    const value = this.#data[key];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  }

  /** A word of the kernel as people read it: `over limit`. */
  word(key: string): string {
    return this.text(key).replaceAll('_', ' ');
  }

  number(key: string): number {
    const value = this.#data[key];
    return typeof value === 'number' ? value : Number(value ?? 0) || 0;
  }

  is(key: string): boolean {
    return this.#data[key] === true || this.#data[key] === 'true';
  }

  in(key: string): Fields {
    const value = this.#data[key];
    const isMap = value !== null && typeof value === 'object';
    return new Fields(isMap ? (value as Data) : {});
  }

  count(key: string): number {
    const value = this.#data[key];
    return Array.isArray(value) ? value.length : 0;
  }
}
