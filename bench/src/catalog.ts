// The benchmarks, in the order in which they run: cheap ones first, so that a broken build is known
// early. A word chooses the benchmark of that name, or all of a group.

import type { Benchmark, Group } from './benchmark.ts';
import { artifact } from './benchmarks/artifact.ts';
import { deaf } from './benchmarks/deaf.ts';
import { events } from './benchmarks/events.ts';
import { execute } from './benchmarks/execute.ts';
import { fanout } from './benchmarks/fanout.ts';
import { inbox } from './benchmarks/inbox.ts';
import { kill } from './benchmarks/kill.ts';
import { leak } from './benchmarks/leak.ts';
import { pipe } from './benchmarks/pipe.ts';
import { redis } from './benchmarks/redis.ts';
import { resources } from './benchmarks/resources.ts';
import { restart } from './benchmarks/restart.ts';
import { ring } from './benchmarks/ring.ts';
import { routing } from './benchmarks/routing.ts';
import { send } from './benchmarks/send.ts';
import { slow } from './benchmarks/slow.ts';
import { spawn } from './benchmarks/spawn.ts';
import { syscall } from './benchmarks/syscall.ts';

export const BENCHMARKS: readonly Benchmark[] = [
  routing,
  resources,
  syscall,
  send,
  ring,
  inbox,
  artifact,
  pipe,
  fanout,
  events,
  deaf,
  slow,
  redis,
  execute,
  spawn,
  restart,
  kill,
  leak,
];

/** Total, with a word for people. No benchmark has the name of a group. */
export const GROUPS: Readonly<Record<Group, string>> = {
  ipc: 'messages, artifacts and the event stream',
  calls: 'calls and tasks',
  life: 'how processes begin and end',
};

export const membersOf = (word: string): readonly Benchmark[] =>
  BENCHMARKS.filter(({ name, group }) => name === word || group === word);

/** In the order in which they run, each once; no words: all. */
export function chosenBy(words: readonly string[]): readonly Benchmark[] {
  const chosen = new Set(words.flatMap(membersOf));
  return words.length === 0 ? BENCHMARKS : BENCHMARKS.filter((one) => chosen.has(one));
}
