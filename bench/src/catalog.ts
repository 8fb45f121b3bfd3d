// The benchmarks, in the order in which they run.
// Cheap ones come first, so that a broken build is known early.

import type { Benchmark } from './benchmark.ts';
import { artifact } from './benchmarks/artifact.ts';
import { events } from './benchmarks/events.ts';
import { execute } from './benchmarks/execute.ts';
import { kill } from './benchmarks/kill.ts';
import { leak } from './benchmarks/leak.ts';
import { resources } from './benchmarks/resources.ts';
import { restart } from './benchmarks/restart.ts';
import { routing } from './benchmarks/routing.ts';
import { send } from './benchmarks/send.ts';
import { spawn } from './benchmarks/spawn.ts';
import { syscall } from './benchmarks/syscall.ts';

export const BENCHMARKS: readonly Benchmark[] = [
  routing,
  resources,
  send,
  syscall,
  artifact,
  spawn,
  execute,
  events,
  restart,
  kill,
  leak,
];
