// Content as text, where it is text: UTF-8 without a zero in it. The content type is not asked: it
// is what the author said, and may be wrong.

export function textIn(content: Uint8Array): string | undefined {
  if (content.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}
