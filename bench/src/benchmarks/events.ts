// The event stream: how fast what is kept is replayed, how fast what happens reaches 50 followers,
// and what followers who read nothing cost the kernel and those who read.
//   A log line a time, of about 100 bytes: they are cheap to make, and told as any other event.

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { HiveClient } from '@hivekernel/client';
import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort, Figure, Ground } from '../benchmark.ts';
import { EventReader, openDeafReader } from '../event-reader.ts';
import type { EventDoor } from '../event-reader.ts';
import { replayOverGrpc } from '../grpc-events.ts';
import { perSecond, pump, timedMs } from '../pump.ts';
import { median, percentile, warmedUp } from '../statistics.ts';

interface Counts {
  /** Events that are replayed. */
  readonly kept: number;
  readonly rounds: number;
  readonly followers: number;
  /** Events that reach all followers. */
  readonly live: number;
  /** Followers who read nothing. */
  readonly deaf: number;
  readonly steadyMs: number;
}

/** The first round warms up. */
const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { kept: 200_000, rounds: 4, followers: 50, live: 20_000, deaf: 20, steadyMs: 6_000 },
  tiny: { kept: 100, rounds: 2, followers: 2, live: 20, deaf: 2, steadyMs: 200 },
};

/** Of the fourth show: with `--full`. */
const LONG_MS = 60_000;
const UNDER_WAY = 2_048;
/** Lines a second while it is measured what deaf followers cost. */
const STEADY = { everyMs: 10, lines: 20 } as const;
const MIB = 1024 * 1024;

interface Subject {
  readonly ground: Ground;
  readonly counts: Counts;
  readonly client: HiveClient;
  readonly door: EventDoor;
  readonly osPid: number;
}

export const events: Benchmark = {
  name: 'events',
  group: 'ipc',
  withinMs: 240_000,
  run: (ground) =>
    BenchDaemon.using(ground, async ({ client, door }) => {
      const { osPid } = await client.status();
      const counts = COUNTS[ground.effort];
      const subject = { ground, counts, client, door, osPid };
      await write(subject, counts.kept);
      return [...(await replay(subject)), await fanOut(subject), ...(await deaf(subject))];
    }),
};

const write = ({ client }: Subject, count: number): Promise<unknown> => {
  let line = 0;
  const begin = (): Promise<void> => {
    line += 1;
    return client.log({ level: 'info', message: `line ${line} of what an agent has to say` });
  };
  return pump({ count, underWayMax: UNDER_WAY, begin });
};

async function replay(subject: Subject): Promise<readonly Figure[]> {
  const { counts, client, door } = subject;
  let kept = 0;
  const overHttp = await rates(counts.rounds, async () => {
    const reader = await EventReader.open(door, 'follow=false');
    kept = await reader.end();
    return kept;
  });
  const overLink = await rates(counts.rounds, async () => {
    let count = 0;
    for await (const _ of client.wireEvents({ follow: false })) count += 1;
    return count;
  });
  const overGrpc = await rates(counts.rounds, async () => {
    await replayOverGrpc(door, kept);
    return kept;
  });
  const figure = { unit: 'events/s', goal: 200_000, isHigherBetter: true };
  return [
    { ...figure, name: 'events.replay', value: overHttp, note: 'from the journal, JSON lines' },
    { ...figure, name: 'events.replay.link', value: overLink, note: 'over the admin link' },
    { ...figure, name: 'events.replay.grpc', value: overGrpc, note: 'SubscribeEvents, over gRPC' },
  ];
}

async function rates(rounds: number, read: () => Promise<number>): Promise<number> {
  const measured: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    let count = 0;
    const tookMs = await timedMs(async () => {
      count = await read();
    });
    measured.push(perSecond(count, tookMs));
  }
  return median(warmedUp(measured, 1));
}

async function fanOut(subject: Subject): Promise<Figure> {
  const { counts, door } = subject;
  const { followers, live } = counts;
  const readers = await Promise.all(
    Array.from({ length: followers }, () => EventReader.open(door, 'after=now&type=log')),
  );
  try {
    const tookMs = await timedMs(async () => {
      await write(subject, live);
      await Promise.all(readers.map((reader) => reader.has(live)));
    });
    return {
      name: 'events.fanout',
      value: perSecond(followers * live, tookMs),
      unit: 'events/s',
      goal: 500_000,
      isHigherBetter: true,
      note: `${followers} followers, each gets all, while they are made durable`,
    };
  } finally {
    for (const reader of readers) reader.close();
  }
}

interface Steady {
  readonly p99Ms: number;
  readonly peakBytes: number;
}

async function deaf(subject: Subject): Promise<readonly Figure[]> {
  const { counts, door, ground } = subject;
  const steadyMs = ground.isLong === true ? LONG_MS : counts.steadyMs;
  // As many who read: what their garbage takes is not what the deaf hold.
  const readers = Array.from({ length: counts.deaf }, () => EventReader.open(door, 'follow=false'));
  await Promise.all(readers.map(async (reader) => (await reader).end()));
  await steady(subject, steadyMs / 4);
  const alone = await steady(subject, steadyMs);
  const sockets = Array.from({ length: counts.deaf }, () => openDeafReader(door));
  try {
    const beside = await steady(subject, steadyMs);
    const grownMib = (beside.peakBytes - alone.peakBytes) / MIB;
    const who = `${counts.deaf} who read nothing for ${steadyMs / 1_000} s`;
    return [
      {
        name: 'events.deaf.memory',
        value: Math.max(grownMib, 0.1),
        unit: 'MiB',
        goal: 64,
        isHigherBetter: false,
        note: `the kernel grew by, with ${who}`,
      },
      {
        name: 'events.deaf.p99',
        value: beside.p99Ms,
        unit: 'ms',
        goal: 50,
        isHigherBetter: false,
        note: `until one beside them has an event; without them ${alone.p99Ms.toFixed(1)} ms`,
      },
    ];
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** A steady trickle of events, and how long each takes to a follower who reads. */
async function steady({ client, door, osPid, ground }: Subject, forMs: number): Promise<Steady> {
  const tookMs: number[] = [];
  const onLine = (line: string): void => {
    const { message } = JSON.parse(line) as { message: string };
    tookMs.push(performance.now() - Number(message));
  };
  const reader = await EventReader.open(door, 'after=now&type=log', onLine);
  let peakBytes = 0;
  let written = 0;
  try {
    const endMs = performance.now() + forMs;
    while (performance.now() < endMs) {
      const lines = Array.from({ length: STEADY.lines }, () =>
        client.log({ level: 'info', message: `${performance.now()}` }),
      );
      written += lines.length;
      await Promise.all(lines);
      peakBytes = Math.max(peakBytes, residentBytes(osPid));
      await delay(STEADY.everyMs, undefined, { signal: ground.signal });
    }
    await reader.has(written);
  } finally {
    reader.close();
  }
  return { p99Ms: percentile(tookMs, 0.99), peakBytes };
}

const KIB = 1_024;

/** 0 where the OS does not tell. */
function residentBytes(osPid: number): number {
  try {
    const status = readFileSync(`/proc/${osPid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * KIB;
  } catch {
    return 0;
  }
}
