// "Did you mean": the daemon's nearest match, loaded only when something was misspelt, so that a
// command that is right does not pay for it.

export async function nearestWord(
  word: string,
  candidates: readonly string[],
): Promise<string | undefined> {
  const { nearest } = await import('@hivekernel/daemon/config');
  return nearest(word, candidates);
}
