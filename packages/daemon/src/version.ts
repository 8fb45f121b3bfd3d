// The version of the daemon, as its package says it.
// Read once, at the start; the sources and the packed package lie equally deep under their
// manifest.

import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

export const VERSION = manifest.version;
