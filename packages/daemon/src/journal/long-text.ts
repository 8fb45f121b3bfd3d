// Long texts leave their events: a text over the inline limit is stored by hash beside the journal
// and the event keeps its place (DESIGN §3: content above 4 KiB is never inside an event). On the
// way back the texts are put in again, so the kernel never sees the difference.

import { createHash } from 'node:crypto';
import { KernelError, LIMITS, type Blob, type Event, type StoredEvent } from '@hivekernel/kernel';

/** The kinds whose bodies may hold text of any length. */
const LONG_KINDS: ReadonlySet<string> = new Set([
  'process.spawned',
  'process.exiting',
  'process.exited',
  'task.created',
  'task.ended',
  'message.sent',
  'log.written',
  'escalation.raised',
  'syscall.refused',
]);

const TEXT_CHARS_MAX = LIMITS.inlineContentBytesMax;
/** Base64 of content at the inline limit, and then some for the padding. */
const INLINE_CHARS_MAX = Math.ceil(LIMITS.inlineContentBytesMax / 3) * 4 + 4;

interface LongText {
  readonly $text: string;
}

const isLongText = (value: object): value is LongText => '$text' in value;

/** The event as it is journaled; what left it is added to `blobs`. */
export function outlined(event: Event, blobs: Map<string, Blob>): StoredEvent {
  if (!LONG_KINDS.has(event.kind)) return event;
  const body = shorten(event.body, blobs);
  if (body === event.body) return event;
  const short: StoredEvent & { hasLongText: true } = { ...event, hasLongText: true };
  return Object.assign(short, { body });
}

/** The event as it was. Rejects with `data_loss` where a text is gone. */
export async function restored(
  stored: StoredEvent,
  getBlob: (hash: string) => Promise<Uint8Array | undefined>,
): Promise<Event> {
  if (!('hasLongText' in stored)) return stored as Event;
  const { hasLongText: _, ...event } = stored as unknown as Event & { hasLongText: boolean };
  return { ...event, body: await lengthen(event.body, getBlob) } as Event;
}

function shorten(value: unknown, blobs: Map<string, Blob>): unknown {
  if (typeof value === 'string')
    return value.length > TEXT_CHARS_MAX ? setAside(value, blobs) : value;
  if (typeof value !== 'object' || value === null) return value;
  if ('inline' in value && 'bytes' in value) {
    const { inline } = value;
    if (typeof inline !== 'string' || inline.length <= INLINE_CHARS_MAX) return value;
    return { ...value, inline: setAside(inline, blobs) };
  }
  if (Array.isArray(value)) return value;
  let copy: Record<string, unknown> | undefined;
  for (const [key, inner] of Object.entries(value)) {
    const short = shorten(inner, blobs);
    if (short === inner) continue;
    copy ??= { ...value };
    copy[key] = short;
  }
  return copy ?? value;
}

function setAside(text: string, blobs: Map<string, Blob>): LongText {
  const bytes = Buffer.from(text, 'utf8');
  const hash = createHash('sha256').update(bytes).digest('hex');
  blobs.set(hash, { hash, bytes });
  return { $text: hash };
}

async function lengthen(
  value: unknown,
  getBlob: (hash: string) => Promise<Uint8Array | undefined>,
): Promise<unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (isLongText(value)) {
    const bytes = await getBlob(value.$text);
    if (bytes !== undefined) return Buffer.from(bytes).toString('utf8');
    throw new KernelError('data_loss', `The text ${value.$text} of an event is gone.`);
  }
  const copy: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) copy[key] = await lengthen(inner, getBlob);
  return copy;
}
