// What `hive event` says where retention has dropped what is asked for: a real kernel that keeps
// one MiB of its journal, and more than that is written.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '@hivekernel/client';
import { ANYWHERE, HiveGround } from './hive-ground.ts';

const ground = new HiveGround();
const hive = (...args: string[]) => ground.run(...args);
const LINES_AT_ONCE = 500;

let firstSeq = 1;

beforeAll(async () => {
  ground.file('hive.yaml', 'journal: { keep_bytes: 1MiB, snapshot_events: 100 }\n');
  expect(await hive('up', '-d', ...ANYWHERE)).toMatchObject({ code: 0, stdout: '' });
  const client = await connect({ dataDir: ground.dataDir });
  const line = { level: 'info', message: 'x'.repeat(1_000) } as const;
  while (firstSeq === 1) {
    await Promise.all(Array.from({ length: LINES_AT_ONCE }, () => client.log(line)));
    ({ firstSeq } = await client.status());
  }
  client.close();
}, 60_000);

afterAll(() => ground.end(), 40_000);

it.each([
  ['--from', '1', 1],
  ['--from', '3', 3],
  ['--after-cursor', '3', 4],
  ['--after-cursor', '3.1', 3],
])('hive event %s %s names the oldest that is kept, and how to begin there', async (...args) => {
  const [flag, at, from] = args;
  const { code, stdout, stderr } = await hive('event', flag, at);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  const oldest = /the oldest is (\d+)\./.exec(stderr)?.[1] ?? '';
  expect(Number(oldest)).toBeGreaterThanOrEqual(firstSeq);
  expect(stderr).toContain(
    `error[E_GONE]: The events from ${from} on are no longer kept: the oldest is ${oldest}.`,
  );
  expect(stderr).toContain(`hive event --from ${oldest}`);
});
