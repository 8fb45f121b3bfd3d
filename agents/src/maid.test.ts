// The maid on a test kernel: what she asks of it, and when. What she finds in a look is tested
// beside troubles.ts; a real kernel has her in the daemon's own tests.
import { TestKernel } from '@hivekernel/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Maid } from './maid/maid.ts';

/** Whatever the machine of the test has left. */
class RoomyMaid extends Maid {
  constructor() {
    super(() => ({ totalBytes: 16 * GIB, availableBytes: 8 * GIB }));
  }
}

const GIB = 1_024 ** 3;
/** She makes her rounds when she is given a task, and no others. */
const NEVER = { MAID_INTERVAL_MS: String(24 * 3_600_000) };

let kernel: TestKernel;
let maid: number;
let shelf: number;

beforeEach(async () => {
  kernel = new TestKernel({ images: { maid: RoomyMaid } });
  shelf = await kernel.spawn({ name: 'shelf' });
  maid = await kernel.spawn({ name: 'maid@vps1', role: 'daemon', image: 'maid', env: NEVER });
});

afterEach(() => kernel.stop());

/** A process without a runtime keeps what it is sent. */
async function fill(messages: number): Promise<void> {
  kernel.process(shelf).inbox.length = 0;
  const sent = Array.from({ length: messages }, () => kernel.deliver(shelf, {}));
  await Promise.all(sent);
}

const lookAround = () => kernel.execute(maid, 'look around');
const callsOf = (kind: string): unknown[] =>
  kernel.calls.filter((call) => call.kind === kind).map(({ value }) => value);
const reportOf = () => {
  const { key } = kernel.artifacts.list({ prefix: 'maid/', storedByPid: 0 })[0]!;
  const { content, version, visibility } = kernel.artifacts.get({
    key,
    artifactId: '',
    version: 0,
  });
  const report = JSON.parse(new TextDecoder().decode(content)) as { summary: string[] };
  return { key, version, visibility, report };
};

describe('Maid', () => {
  it('answers a task with her summary, and keeps a report for her user', async () => {
    const { output, artifacts } = await lookAround();
    const { key, visibility, report } = reportOf();
    expect(output).toMatch(/^\S*: all is well; 3 processes; /);
    expect(artifacts).toEqual({ report: key });
    expect(report.summary).toHaveLength(1);
    expect(visibility).toBe(1);
    expect(callsOf('escalate')).toEqual([]);
  });

  it('writes a report anew only when there is something new (M3)', async () => {
    await lookAround();
    const { version } = reportOf();
    await lookAround();
    await lookAround();
    expect(reportOf().version).toBe(version);
    await kernel.spawn({ name: 'new' });
    await lookAround();
    expect(reportOf().version).toBe(version + 1);
  });

  it('escalates a trouble once, and again only after it was gone (M2)', async () => {
    await fill(9_000);
    await lookAround();
    await lookAround();
    expect(callsOf('escalate')).toEqual([
      expect.objectContaining({
        issue: `the inbox of shelf (pid ${shelf}) holds 9000 messages of 10000`,
        severity: 1,
        context: expect.objectContaining({ kind: 'mailbox', pids: String(shelf) }) as unknown,
      }),
    ]);
    await fill(0);
    await lookAround();
    await fill(9_000);
    await lookAround();
    expect(callsOf('escalate')).toHaveLength(2);
  });

  it('does not tell again, after a restart of her own, what she had told (M2)', async () => {
    await fill(9_000);
    await lookAround();
    await kernel.process(maid).restart();
    await lookAround();
    expect(callsOf('escalate')).toHaveLength(1);
    expect(await kernel.dump(maid)).toMatchObject({ context: { known: [`mailbox:${shelf}`] } });
  });

  it('keeps a checkpoint only when what she knows is another', async () => {
    await lookAround();
    expect(callsOf('checkpoint')).toEqual([]);
    await fill(9_000);
    await lookAround();
    await lookAround();
    expect(callsOf('checkpoint')).toHaveLength(1);
    await fill(0);
    await lookAround();
    await lookAround();
    expect(callsOf('checkpoint')).toHaveLength(2);
  });
});
