// Subscribers of a topic who read nothing: what they cost the kernel, and those who read beside
// them. As long as its issue asks for, a minute, with `--full`.

import { setTimeout as delay } from 'node:timers/promises';
import type { HiveClient } from '@hivekernel/client';
import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort, Figure, Ground } from '../benchmark.ts';
import type { EventDoor } from '../event-reader.ts';
import { residentBytes } from '../resident.ts';
import { subscribeAndReadNothing } from '../slow-subscriber.ts';
import { percentile } from '../statistics.ts';

interface Counts {
  readonly subscribers: number;
  readonly steadyMs: number;
}

const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { subscribers: 20, steadyMs: 6_000 },
  tiny: { subscribers: 2, steadyMs: 200 },
};
const LONG_MS = 60_000;

/** Some 1,500 publications of 1 KiB a second, so that each is soon a megabyte behind. */
const STEADY = { everyMs: 10, publications: 20, bytes: 1_024 } as const;
const TOPIC = 'bench/slow';
const MIB = 1_048_576;

interface Subject {
  readonly ground: Ground;
  readonly client: HiveClient;
  readonly door: EventDoor;
  readonly osPid: number;
}

export const slow: Benchmark = {
  name: 'slow',
  group: 'ipc',
  withinMs: 240_000,
  run: (ground) =>
    BenchDaemon.using(ground, async ({ client, door }) => {
      const { osPid } = await client.status();
      return measured({ ground, client, door, osPid });
    }),
};

async function measured(subject: Subject): Promise<readonly Figure[]> {
  const { ground, door } = subject;
  const { subscribers, steadyMs } = COUNTS[ground.effort];
  const forMs = ground.isLong === true ? LONG_MS : steadyMs;
  await steady(subject, forMs / 4);
  const alone = await steady(subject, forMs);
  const deaf = await Promise.all(
    Array.from({ length: subscribers }, () => subscribeAndReadNothing(door, TOPIC)),
  );
  try {
    const beside = await steady(subject, forMs);
    const who = `${subscribers} who read nothing for ${forMs / 1_000} s`;
    return [
      {
        name: 'slow.memory',
        value: Math.max((beside.peakBytes - alone.peakBytes) / MIB, 0.1),
        unit: 'MiB',
        goal: 64,
        isHigherBetter: false,
        note: `the kernel grew by, with ${who}`,
      },
      {
        name: 'slow.p99',
        value: beside.p99Ms,
        unit: 'ms',
        goal: 50,
        isHigherBetter: false,
        note: `until one beside them has a publication; without them ${alone.p99Ms.toFixed(1)} ms`,
      },
    ];
  } finally {
    for (const one of deaf) one.close();
  }
}

interface Steady {
  readonly p99Ms: number;
  readonly peakBytes: number;
}

/** Publications one after the other, and how long each takes to a subscriber who reads. */
async function steady({ client, osPid, ground }: Subject, forMs: number): Promise<Steady> {
  const reading = new AbortController();
  const tookMs: number[] = [];
  const read = async (): Promise<void> => {
    const wish = { retained: false, signal: reading.signal };
    for await (const { payload } of client.watchTopic(TOPIC, wish)) {
      tookMs.push(performance.now() - Number(Buffer.from(payload).toString()));
    }
  };
  const reader = read().catch((error: unknown) => {
    if (!reading.signal.aborted) throw error;
  });
  let peakBytes = 0;
  try {
    const endMs = performance.now() + forMs;
    while (performance.now() < endMs) {
      const sent = Array.from({ length: STEADY.publications }, () =>
        client.publish(TOPIC, { payload: timed(), isTransient: true }),
      );
      await Promise.all(sent);
      peakBytes = Math.max(peakBytes, residentBytes(osPid));
      await delay(STEADY.everyMs, undefined, { signal: ground.signal });
    }
  } finally {
    reading.abort();
    await reader;
  }
  if (tookMs.length === 0) throw new Error('the subscriber who reads was told nothing');
  return { p99Ms: percentile(tookMs, 0.99), peakBytes };
}

/** The time, in as many bytes as a publication has. */
const timed = (): string => `${performance.now()}`.padEnd(STEADY.bytes);
