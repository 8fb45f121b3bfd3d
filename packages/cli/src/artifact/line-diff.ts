// Which lines two texts share, in order, and which they do not: the shortest way from one to the
// other, after E. Myers, "An O(ND) Difference Algorithm" (1986).
//   What differs more than `EDITS_MAX` is told as replaced as a whole, since the way would cost the
//   square of its length: right still, and no longer the shortest. How it is shown is elsewhere.

/** One line: in both, only in the first, only in the second. */
export interface Edit {
  readonly kind: 'same' | 'removed' | 'added';
  readonly line: string;
}

const EDITS_MAX = 2_000;

type Lines = readonly string[];

/** The edits that make `to` of `from`; removed lines stand before the added ones of their place. */
export function diffLines(from: Lines, to: Lines): Edit[] {
  const head = sharedHead(from, to);
  const tail = sharedTail(from.slice(head), to.slice(head));
  const middle = diffMiddle(from.slice(head, from.length - tail), to.slice(head, to.length - tail));
  return [
    ...tagged('same', from.slice(0, head)),
    ...middle,
    ...tagged('same', from.slice(from.length - tail)),
  ];
}

const tagged = (kind: Edit['kind'], lines: Lines): Edit[] => lines.map((line) => ({ kind, line }));

function sharedHead(a: Lines, b: Lines): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) count += 1;
  return count;
}

function sharedTail(a: Lines, b: Lines): number {
  let count = 0;
  const most = Math.min(a.length, b.length);
  while (count < most && a[a.length - 1 - count] === b[b.length - 1 - count]) count += 1;
  return count;
}

function diffMiddle(from: Lines, to: Lines): Edit[] {
  const trail = from.length === 0 || to.length === 0 ? undefined : trailOf(from, to);
  if (trail === undefined) return [...tagged('removed', from), ...tagged('added', to)];
  return walkBack(trail, { from, to });
}

/** Per number of edits, how far along `from` each diagonal came; its middle is diagonal 0. */
type Trail = readonly Int32Array[];

function trailOf(from: Lines, to: Lines): Trail | undefined {
  const trail: Int32Array[] = [];
  let before = new Int32Array(3);
  for (let edits = 0; edits <= EDITS_MAX; edits += 1) {
    const reached = new Int32Array(2 * edits + 3);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const start = startOf(before, { edits, diagonal });
      const x = start + sharedFrom({ from, to }, start, start - diagonal);
      reached[diagonal + edits + 1] = x;
      if (x < from.length || x - diagonal < to.length) continue;
      trail.push(reached);
      return trail;
    }
    trail.push(reached);
    before = reached;
  }
  return undefined;
}

/** Where a diagonal begins: one line down from the one above it, or one right of the one below. */
function startOf(before: Int32Array, at: { edits: number; diagonal: number }): number {
  const { edits, diagonal } = at;
  if (edits === 0) return 0;
  const down = before[diagonal + 1 + edits] ?? 0;
  const right = (before[diagonal - 1 + edits] ?? 0) + 1;
  return isDown(before, at) ? down : right;
}

function isDown(before: Int32Array, { edits, diagonal }: { edits: number; diagonal: number }) {
  if (diagonal === -edits) return true;
  if (diagonal === edits) return false;
  return (before[diagonal - 1 + edits] ?? 0) < (before[diagonal + 1 + edits] ?? 0);
}

function sharedFrom({ from, to }: { from: Lines; to: Lines }, x: number, y: number): number {
  let count = 0;
  while (x + count < from.length && from[x + count] === to[y + count]) count += 1;
  return count;
}

function walkBack(trail: Trail, { from, to }: { from: Lines; to: Lines }): Edit[] {
  const edits: Edit[] = [];
  let x = from.length;
  let y = to.length;
  for (let n = trail.length - 1; n > 0; n -= 1) {
    const before = trail[n - 1] as Int32Array;
    const at = { edits: n, diagonal: x - y };
    const start = startOf(before, at);
    for (; x > start; x -= 1, y -= 1) edits.push({ kind: 'same', line: from[x - 1] as string });
    if (isDown(before, at)) edits.push({ kind: 'added', line: to[(y -= 1)] as string });
    else edits.push({ kind: 'removed', line: from[(x -= 1)] as string });
  }
  for (; x > 0; x -= 1) edits.push({ kind: 'same', line: from[x - 1] as string });
  return edits.reverse();
}
