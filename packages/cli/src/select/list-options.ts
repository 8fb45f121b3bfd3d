// The flags that commands share which list: columns, order, limit.
// One place, so that every command that lists names and refuses them in the same words.

import type { Command } from 'commander';
import { countFlag } from '../output/human.ts';

/** For listings that can go on. */
export const WATCH = [
  '-w, --watch',
  'go on showing; in a pipe one JSON line for each change',
] as const;

export function addListOptions(command: Command): void {
  command
    .option('--columns <keys>', 'which columns, such as pid,name,tokens')
    .option('--sort <key>', 'by a column; -key the other way round')
    .option('--limit <n>', 'at most so many', (text) => String(countFlag('--limit', text)));
}
