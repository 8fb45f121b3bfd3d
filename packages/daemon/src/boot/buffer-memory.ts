// How V8 counts the memory of buffers. By default all that was taken for buffers since the last
// collection of the whole heap counts against the small allowance of the heap itself: a daemon
// whose heap is 20 MB and through which 100 MB flow collects it twenty times, which costs more than
// all the rest. Counted with the limit of heap and buffers together, it is a quarter of that, and
// what lives is bounded all the same. Only where this V8 knows the word: others complain on stderr.

import { setFlagsFromString } from 'node:v8';

const KNOWN_FROM_NODE = 24;

export function countBuffersWithHeap(): void {
  if (Number.parseInt(process.versions.node, 10) < KNOWN_FROM_NODE) return;
  setFlagsFromString('--external-memory-accounted-in-global-limit');
}
