// The version of the command line, as its package says it. The sources and the packed package lie
// equally deep under their manifest.

import { readFileSync } from 'node:fs';

export function cliVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
