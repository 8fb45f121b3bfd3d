// The benchmarks, in the order in which they run.
// Cheap ones come first, so that a broken build is known early.

import type { Benchmark } from './benchmark.ts';
import { events } from './benchmarks/events.ts';
import { execute } from './benchmarks/execute.ts';
import { routing } from './benchmarks/routing.ts';
import { send } from './benchmarks/send.ts';
import { spawn } from './benchmarks/spawn.ts';
import { syscall } from './benchmarks/syscall.ts';

export const BENCHMARKS: readonly Benchmark[] = [routing, send, syscall, spawn, execute, events];
