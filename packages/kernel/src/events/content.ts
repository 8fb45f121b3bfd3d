// Content: bytes as the kernel sees them, which is not at all. Small content rides inside the event
// as base64 text; larger content lives in the content store under its SHA-256. The daemon turns
// bytes into Content on the way in and back on the way out; the kernel only counts.

export interface Content {
  readonly bytes: number;
  /** Base64, at most `LIMITS.inlineContentBytesMax` before encoding; absent when `hash` is set. */
  readonly inline?: string;
  /** SHA-256, lower-case hex. Artifacts always carry it (M12). */
  readonly hash?: string;
}

export const EMPTY_CONTENT: Content = { bytes: 0, inline: '' };

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** For the few texts that the kernel itself sends (signals, escalations); always inline. */
export function contentOfText(text: string): Content {
  const bytes = utf8Bytes(text);
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const a = bytes[i] ?? 0;
    const b = bytes[i + 1];
    const c = bytes[i + 2];
    out += ALPHABET.charAt(a >> 2) + ALPHABET.charAt(((a & 3) << 4) | ((b ?? 0) >> 4));
    out += b === undefined ? '=' : ALPHABET.charAt(((b & 15) << 2) | ((c ?? 0) >> 6));
    out += c === undefined ? '=' : ALPHABET.charAt(c & 63);
  }
  return { bytes: bytes.length, inline: out };
}

/** The first bytes of a text, as UTF-8, without cutting a character. */
export function firstBytes(text: string, bytesMax: number): string {
  if (text.length * UTF8_BYTES_PER_UNIT_MAX <= bytesMax) return text;
  let bytes = 0;
  let units = 0;
  for (const char of text) {
    bytes += utf8Bytes(char).length;
    if (bytes > bytesMax) return text.slice(0, units);
    units += char.length;
  }
  return text;
}

const UTF8_BYTES_PER_UNIT_MAX = 3;
const REPLACEMENT = 0xfffd;

function utf8Bytes(text: string): number[] {
  const out: number[] = [];
  for (const char of text) {
    const point = char.codePointAt(0) ?? REPLACEMENT;
    pushPoint(out, point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point);
  }
  return out;
}

function pushPoint(out: number[], point: number): void {
  if (point < 0x80) out.push(point);
  else if (point < 0x800) out.push(0xc0 | (point >> 6), 0x80 | (point & 63));
  else if (point < 0x10000) {
    out.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
  } else {
    out.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63));
    out.push(0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
  }
}
