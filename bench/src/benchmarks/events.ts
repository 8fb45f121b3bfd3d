// The event stream: how fast what is kept is replayed through each door, and how fast what happens
// reaches 50 followers.

import type { HiveClient } from '@hivekernel/client';
import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort, Figure } from '../benchmark.ts';
import { EventReader } from '../event-reader.ts';
import type { EventDoor } from '../event-reader.ts';
import { replayOverGrpc } from '../grpc-events.ts';
import { writeLines } from '../log-lines.ts';
import { perSecond, timedMs } from '../pump.ts';
import { median, warmedUp } from '../statistics.ts';

interface Counts {
  /** Events that are replayed. */
  readonly kept: number;
  readonly rounds: number;
  readonly followers: number;
  /** Events that reach all followers. */
  readonly live: number;
}

/** The first round warms up. */
const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { kept: 200_000, rounds: 4, followers: 50, live: 20_000 },
  tiny: { kept: 100, rounds: 2, followers: 2, live: 20 },
};

interface Subject {
  readonly counts: Counts;
  readonly client: HiveClient;
  readonly door: EventDoor;
  readonly signal: AbortSignal;
}

export const events: Benchmark = {
  name: 'events',
  group: 'ipc',
  withinMs: 120_000,
  run: (ground) =>
    BenchDaemon.using(ground, async ({ client, door }) => {
      const counts = COUNTS[ground.effort];
      const subject = { counts, client, door, signal: ground.signal };
      await writeLines(client, counts.kept);
      return [...(await replay(subject)), await fanOut(subject)];
    }),
};

async function replay(subject: Subject): Promise<readonly Figure[]> {
  const { counts, client, door, signal } = subject;
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
    await replayOverGrpc(door, { messages: kept, signal });
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
  const { counts, client, door } = subject;
  const { followers, live } = counts;
  const readers = await Promise.all(
    Array.from({ length: followers }, () => EventReader.open(door, 'after=now&type=log')),
  );
  try {
    const tookMs = await timedMs(async () => {
      await writeLines(client, live);
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
