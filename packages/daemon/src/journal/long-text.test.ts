import type { Blob, Event, StoredEvent } from '@hivekernel/kernel';
import { LIMITS } from '@hivekernel/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outlined, restored, type Cargo } from './long-text.ts';

const LONG = 'ä'.repeat(LIMITS.inlineContentBytesMax / 2 + 1);
const SHORT = 'ä'.repeat(LIMITS.inlineContentBytesMax / 2);

const eventWith = (body: unknown): Event =>
  ({ seq: 1, wallMs: 2, monoMs: 3, kind: 'log.written', v: 1, by: 1, body }) as unknown as Event;

const fieldsOf = (fields: Record<string, unknown>): Event =>
  eventWith({ pid: 1, level: 'info', message: '', fields });

function pack(event: Event): { json: string; cargo: Cargo } {
  const cargo: Cargo = { texts: new Map<string, Blob>(), named: new Set<string>() };
  return { json: JSON.stringify(outlined(event, cargo)), cargo };
}

async function unpack({ json, cargo }: { json: string; cargo: Cargo }): Promise<Event[]> {
  const getBlob = async (hash: string): Promise<Uint8Array | undefined> =>
    cargo.texts.get(hash)?.bytes;
  const events: Event[] = [];
  for await (const some of restored([JSON.parse(json) as StoredEvent], getBlob)) {
    events.push(...some);
  }
  return events;
}

/** The longest text in it, in bytes. */
function longest(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null) return 0;
  return Math.max(0, ...Object.values(value).map(longest));
}

describe('outlined()', () => {
  it('takes out what is over the limit in bytes, and leaves what is not', () => {
    expect(pack(fieldsOf({ a: SHORT })).cargo.texts.size).toBe(0);
    const { json, cargo } = pack(fieldsOf({ a: LONG, b: SHORT }));
    expect([...cargo.texts.values()].map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
      LONG,
    ]);
    expect(longest(JSON.parse(json))).toBe(LIMITS.inlineContentBytesMax);
  });

  it('keeps one copy of a text that comes twice', () => {
    expect(pack(fieldsOf({ a: LONG, b: LONG })).cargo.texts.size).toBe(1);
  });

  it('gives an event without long texts back as it is', () => {
    const event = fieldsOf({ a: SHORT });
    expect(outlined(event, { texts: new Map(), named: new Set() })).toBe(event);
  });

  it('notes the content that an event names, and not the inline one', () => {
    const { cargo } = pack(
      eventWith({
        content: { bytes: 9_000, hash: 'aa' },
        other: { bytes: 1, inline: '', hash: 'b' },
      }),
    );
    expect([...cargo.named]).toEqual(['aa']);
  });

  it('takes out inline content that the kernel itself made too long', () => {
    const inline = Buffer.alloc(2 * LIMITS.inlineContentBytesMax).toString('base64');
    const { json } = pack(eventWith({ content: { bytes: inline.length, inline } }));
    expect(longest(JSON.parse(json))).toBeLessThanOrEqual(64);
  });
});

describe('restored()', () => {
  const WORDS = ['$text', 'long', 'hash', 'bytes', 'inline', 'at', '__proto__', 'constructor'];
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(LONG, SHORT, `${LONG}\ud800`, 'a'.repeat(5_000)),
  );
  const map = fc.dictionary(fc.constantFrom(...WORDS, 'a', 'b'), text);
  const body = fc.record({
    output: text,
    tools: fc.array(text, { maxLength: 3 }),
    spec: fc.record({ env: map, systemPrompt: text, limits: fc.constant({ tokens: 1 }) }),
    fields: map,
    pids: fc.array(fc.nat()),
    owed: fc.constant(null),
  });

  it('gives back what was journaled, whatever users call their fields', async () => {
    await fc.assert(
      fc.asyncProperty(body, async (some) => {
        const event = eventWith(some);
        const packed = pack(event);
        expect(longest(JSON.parse(packed.json))).toBeLessThanOrEqual(LIMITS.inlineContentBytesMax);
        const [back] = await unpack(packed);
        expect(JSON.stringify(back)).toBe(JSON.stringify(event));
      }),
      { numRuns: 200 },
    );
  });

  it('keeps a text with half a surrogate pair unit by unit', async () => {
    const event = fieldsOf({ a: `${LONG}\udc00${LONG}` });
    expect(await unpack(pack(event))).toEqual([event]);
  });

  it('rejects with data_loss where a text is gone', async () => {
    const { json, cargo } = pack(fieldsOf({ a: LONG }));
    cargo.texts.clear();
    await expect(unpack({ json, cargo })).rejects.toMatchObject({ code: 'data_loss' });
  });
});
