// A long text in parts, so that no step with it takes long. Parts are encoded each by itself, so
// that none ends between the halves of a surrogate pair.

/** Each part has `charsMax` UTF-16 units, or one more; none for the empty text. */
export function* partsOf(text: string, charsMax: number): Generator<string, void, void> {
  for (let at = 0; at < text.length;) {
    const end = endOfPart(text, at + charsMax);
    yield text.slice(at, end);
    at = end;
  }
}

function endOfPart(text: string, end: number): number {
  const unit = text.charCodeAt(end - 1);
  return unit >= 0xd800 && unit <= 0xdbff ? end + 1 : end;
}
