// Long texts leave their events: a text over the inline limit is stored by hash beside the journal
// and the event says where it was (DESIGN §3: content above 4 KiB is never inside an event). On the
// way back the texts are put in again, so the kernel never sees the difference.
//   Where a text was stands beside the body, never in it: a body may hold any word that a user
//   chose, and none of them may be taken for ours.

import { createHash } from 'node:crypto';
import {
  KernelError,
  LIMITS,
  upcast,
  type Blob,
  type Content,
  type Event,
  type StoredEvent,
} from '@hivekernel/kernel';

/** What an append has to carry beside its events. */
export interface Cargo {
  /** Long texts of the events, by hash. */
  readonly texts: Map<string, Blob>;
  /** Hashes of content that the events name. */
  readonly named: Set<string>;
}

export type GetBlob = (hash: string) => Promise<Uint8Array | undefined>;

interface LongText {
  /** The keys that lead to it from the body. */
  readonly at: readonly string[];
  readonly hash: string;
  /** Lone surrogates have no UTF-8; such a text is stored unit by unit. */
  readonly utf16?: true;
}

interface Outlined {
  readonly long: readonly LongText[];
}

const TEXT_BYTES_MAX = LIMITS.inlineContentBytesMax;
/** A UTF-16 unit takes at most three bytes in UTF-8. */
const SURELY_SHORT_CHARS = Math.floor(TEXT_BYTES_MAX / 3);
/** Base64 of content at the inline limit, padding included. */
const INLINE_CHARS_MAX = Math.ceil(TEXT_BYTES_MAX / 3) * 4;

/** Events whose texts are fetched at the same time. */
const RESTORED_AT_ONCE = 64;

/** The event as it is journaled; what left it and what it names is noted in `cargo`. */
export function outlined(event: Event, cargo: Cargo): StoredEvent {
  const walk: Walk = { cargo, path: [], long: [] };
  const body = shorten(event.body, walk);
  if (walk.long.length === 0) return event;
  const short: StoredEvent & Outlined = { ...event, long: walk.long };
  return Object.assign(short, { body });
}

/**
 * The events as they were, a few at a time where texts must be fetched. Rejects with `data_loss`
 * where a text is gone.
 */
export async function* restored(
  batch: readonly StoredEvent[],
  getBlob: GetBlob,
): AsyncGenerator<readonly Event[], void, void> {
  if (!batch.some(isOutlined)) {
    yield batch.map(asEvent);
    return;
  }
  for (let at = 0; at < batch.length; at += RESTORED_AT_ONCE) {
    const some = batch.slice(at, at + RESTORED_AT_ONCE);
    yield await Promise.all(some.map((stored) => filled(stored, getBlob)));
  }
}

interface Walk {
  readonly cargo: Cargo;
  readonly path: string[];
  readonly long: LongText[];
}

const isOutlined = (stored: StoredEvent): stored is StoredEvent & Outlined => 'long' in stored;

function shorten(value: unknown, walk: Walk): unknown {
  if (typeof value === 'string') return isLong(value) ? setAside(value, walk) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (isContent(value)) return outlineOf(value, walk);
  if (Array.isArray(value) && typeof value[0] !== 'string') return value;
  let changed: Map<string, unknown> | undefined;
  // Plain data: it inherits nothing.
  for (const key in value) {
    const inner = (value as Readonly<Record<string, unknown>>)[key];
    // Nearly all are: every event of the journal passes here.
    if (isSurelyShort(inner)) continue;
    walk.path.push(key);
    const short = shorten(inner, walk);
    walk.path.pop();
    if (short !== inner) (changed ??= new Map()).set(key, short);
  }
  return changed === undefined ? value : withChanges(value, changed);
}

/** Maps that users fill hold texts only, so that none of them passes for content. */
const isContent = (value: object): value is Content =>
  'bytes' in value && typeof value.bytes === 'number' && ('inline' in value || 'hash' in value);

/** Content: named by its hash, or inline and, where the kernel itself wrote it, maybe long. */
function outlineOf(content: Content, { cargo, path, long }: Walk): Content {
  const { inline, hash } = content;
  if (inline === undefined) {
    if (hash !== undefined) cargo.named.add(hash);
    return content;
  }
  if (inline.length <= INLINE_CHARS_MAX) return content;
  const walk = { cargo, path: [...path, 'inline'], long };
  return { ...content, inline: setAside(inline, walk) };
}

const isSurelyShort = (value: unknown): boolean =>
  typeof value === 'string' ? value.length <= SURELY_SHORT_CHARS : typeof value !== 'object';

const isLong = (text: string): boolean =>
  text.length > SURELY_SHORT_CHARS && Buffer.byteLength(text) > TEXT_BYTES_MAX;

/** What stays in its place is the empty text. */
function setAside(text: string, { cargo, path, long }: Walk): string {
  const isWhole = text.isWellFormed();
  const bytes = Buffer.from(text, isWhole ? 'utf8' : 'utf16le');
  const hash = createHash('sha256').update(bytes).digest('hex');
  cargo.texts.set(hash, { hash, bytes });
  const at = [...path];
  long.push(isWhole ? { at, hash } : { at, hash, utf16: true });
  return '';
}

/** A copy with the same keys in the same order, whatever the keys are called. */
function withChanges(value: object, changed: ReadonlyMap<string, unknown>): unknown {
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [
    key,
    changed.has(key) ? changed.get(key) : inner,
  ]);
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

async function filled(stored: StoredEvent, getBlob: GetBlob): Promise<Event> {
  if (!isOutlined(stored)) return asEvent(stored);
  const { long, ...event } = stored as unknown as StoredEvent & Outlined & { body: unknown };
  let body: unknown = event.body;
  for (const text of long) {
    body = replaced(body, text.at, await textOf(text, getBlob));
  }
  return asEvent(Object.assign(event, { body }));
}

/** The one place where a row of the journal, its texts in it again, becomes an event. */
const asEvent = (stored: StoredEvent): Event => upcast(stored);

async function textOf({ hash, utf16 }: LongText, getBlob: GetBlob): Promise<string> {
  const bytes = await getBlob(hash);
  if (bytes === undefined) {
    throw new KernelError('data_loss', `The text ${hash} of an event is gone.`);
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    utf16 === true ? 'utf16le' : 'utf8',
  );
}

function replaced(value: unknown, at: readonly string[], text: string): unknown {
  const [key, ...rest] = at;
  if (key === undefined) return text;
  const inner = (value as Readonly<Record<string, unknown>>)[key];
  return withChanges(value as object, new Map([[key, replaced(inner, rest, text)]]));
}
