import { artifactOrder, bulkContent, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { VISIBILITIES } from '../events/words.ts';
import { asArtifactId, asPid, type ArtifactId, type Pid } from '../ids.ts';
import { Kernel } from '../kernel.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import type { ArtifactName } from './librarian.ts';

const KING = asPid(1);
const PEOPLE = ['king', 'lead', 'owner', 'child', 'sibling', 'cousin', 'task', 'stranger'] as const;
type Who = (typeof PEOPLE)[number];

/** lead > owner > child and a task; sibling under lead; cousin under the king; leo a stranger. */
function family(t: TestKernel): Readonly<Record<Who, Pid>> {
  const lead = t.spawn({ name: 'lead', role: 'lead' });
  const owner = t.spawn({ name: 'owner', role: 'lead' }, { pid: lead });
  return {
    king: KING,
    lead,
    owner,
    child: t.spawn({ name: 'child' }, { pid: owner }),
    sibling: t.spawn({ name: 'sibling' }, { pid: lead }),
    cousin: t.spawn({ name: 'cousin' }),
    task: t.spawn({ name: 'task', role: 'task' }, { pid: owner }),
    stranger: t.spawn({ name: 'leo', user: 'leo', role: 'lead' }),
  };
}

const store = (t: TestKernel, pid: Pid, wish: Parameters<typeof artifactOrder>[0] = {}) =>
  t.call('store', artifactOrder(wish), { pid });

const again = (t: TestKernel, pid: Pid, artifact: ArtifactId, wish: object = {}) =>
  store(t, pid, { key: '', artifact, ...wish });

const get = (t: TestKernel, pid: Pid, key = 'report', version = 0) =>
  t.call('get_artifact', { by: { key }, version }, { pid }).value;

const freeze = (t: TestKernel, pid: Pid, by: ArtifactName, ifVersion?: number) =>
  t.call('freeze_artifact', { by, ifVersion }, { pid });

const remove = (t: TestKernel, pid: Pid, by: ArtifactName, ifVersion?: number) =>
  t.call('delete_artifact', { by, ifVersion }, { pid });

const versions = (t: TestKernel, pid: Pid, by: ArtifactName) =>
  t.call('artifact_versions', { by }, { pid });

const WRITERS: Readonly<Record<(typeof VISIBILITIES)[number], readonly Who[]>> = {
  private: ['king', 'lead', 'owner'],
  user: ['king', 'lead', 'owner', 'child', 'sibling', 'cousin'],
  subtree: ['king', 'lead', 'owner'],
  global: ['king', 'lead', 'owner', 'child', 'sibling', 'cousin'],
};
const CUSTODIANS: readonly Who[] = ['king', 'lead', 'owner'];

const WRITE_CELLS = VISIBILITIES.flatMap((visibility) =>
  PEOPLE.map((who) => [visibility, who, WRITERS[visibility].includes(who)] as const),
);
const CUSTODY_CELLS = VISIBILITIES.flatMap((visibility) =>
  PEOPLE.map((who) => [visibility, who, CUSTODIANS.includes(who)] as const),
);

/** Whoever may not even see it is told that there is none. */
const REFUSALS = ['permission_denied', 'not_found'];

describe('a new version by id', () => {
  it.each(WRITE_CELLS)('of a %s one, by %s: %s (M12)', (visibility, who, isAllowed) => {
    const t = testKernel();
    const all = family(t);
    const { artifact } = store(t, all.owner, { visibility }).value.record;
    const ticket = again(t, all[who], artifact);
    if (!isAllowed) {
      expect(REFUSALS).toContain(ticket.refusal.code);
      return;
    }
    const { record, version } = ticket.value;
    expect(record).toMatchObject({ artifact, owner: all.owner, key: 'report', visibility });
    expect(version).toMatchObject({ version: 2, storedBy: all[who] });
  });

  it('keeps its key, and refuses another one', () => {
    const t = testKernel();
    const pid = t.spawn();
    const { artifact } = store(t, pid).value.record;
    expect(again(t, pid, artifact, { key: 'report' }).value.version.version).toBe(2);
    expect(again(t, pid, artifact, { key: 'other' }).refusal).toMatchObject({
      code: 'invalid_argument',
      details: { field: 'key' },
    });
    expect(again(t, pid, asArtifactId(9_999)).refusal.code).toBe('not_found');
  });

  it('goes to one that was inherited, which then is the newest of its key (P9)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const left = [1, 2].map(() => {
      const pid = t.spawn({}, { pid: lead });
      const { artifact } = store(t, pid).value.record;
      t.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
      return artifact;
    });
    expect(get(t, lead)?.record.artifact).toBe(left[1]);
    const version = again(t, lead, left[0] as ArtifactId).value.version.version;
    expect(version).toBe(2);
    expect(get(t, lead)?.record.artifact).toBe(left[0]);
    t.takeSnapshot();
    t.reboot();
    expect(get(t, lead)?.record.artifact).toBe(left[0]);
  });
});

describe('if_version', () => {
  it('is refused with the version that there is, unless it is that (M12)', () => {
    const t = testKernel();
    const pid = t.spawn();
    const at = (ifVersion: number) => store(t, pid, { ifVersion });
    expect(at(1).refusal).toMatchObject({
      code: 'conflict',
      details: { key: 'report', version: 0, expected: 1 },
    });
    expect(at(0).value.version.version).toBe(1);
    expect(at(0).refusal.message).toContain('is at version 1');
    expect(at(1).value.version.version).toBe(2);
    expect(at(1).refusal).toMatchObject({ code: 'conflict', details: { version: 2 } });
    expect(get(t, pid)?.version.version).toBe(2);
  });

  it('lets exactly one of two writers with the same one through (M12)', () => {
    const t = testKernel();
    const writers = [t.spawn(), t.spawn()];
    const wish = { visibility: 'user', ifVersion: 1 } as const;
    store(t, writers[0] as Pid, { visibility: 'user' });
    const tickets = writers.map((pid) => store(t, pid, wish));
    expect(tickets.map(({ result }) => result?.ok)).toEqual([true, false]);
    expect(tickets[1]?.refusal).toMatchObject({ code: 'conflict', details: { version: 2 } });
  });

  it('counts on over versions that are kept no more, and from 0 after a delete (M12)', () => {
    const t = testKernel({ settings: { artifactVersionsKept: 1 } });
    const pid = t.spawn();
    for (let n = 0; n < 5; n += 1) expect(store(t, pid, { ifVersion: n }).value).toBeDefined();
    remove(t, pid, { key: 'report' });
    expect(store(t, pid, { ifVersion: 5 }).refusal.details).toMatchObject({ version: 0 });
    expect(store(t, pid, { ifVersion: 0 }).value.version.version).toBe(1);
  });

  it('means the scope that is written to, not a namesake elsewhere (M12)', () => {
    const t = testKernel();
    const pid = t.spawn();
    store(t, pid, { visibility: 'user' });
    expect(store(t, pid, { visibility: 'private', ifVersion: 1 }).refusal.code).toBe('conflict');
    expect(store(t, pid, { visibility: 'private', ifVersion: 0 }).value).toBeDefined();
  });
});

describe('freeze_artifact', () => {
  it.each(CUSTODY_CELLS)('of a %s one, by %s: %s (M12)', (visibility, who, isAllowed) => {
    const t = testKernel();
    const all = family(t);
    const { artifact } = store(t, all.owner, { visibility }).value.record;
    const ticket = freeze(t, all[who], { artifact });
    if (isAllowed) expect(ticket.value.record.frozen?.by).toBe(all[who]);
    else expect(REFUSALS).toContain(ticket.refusal.code);
  });

  it('ends all change: no new version, by nobody, over a restart too (M12)', () => {
    const t = testKernel();
    const { owner, lead, cousin } = family(t);
    const { artifact } = store(t, owner, { visibility: 'user' }).value.record;
    const { version, record } = freeze(t, owner, { key: 'report' }).value;
    expect([version.version, record.artifact]).toEqual([1, artifact]);
    t.takeSnapshot();
    for (const isRebooted of [false, true]) {
      if (isRebooted) t.reboot();
      for (const pid of [owner, lead, cousin, KING]) {
        const { refusal } = again(t, pid, artifact, { ifVersion: 7 });
        expect(refusal).toMatchObject({ code: 'wrong_state', details: { version: 1 } });
      }
      expect(get(t, cousin)?.record.frozen?.by).toBe(owner);
    }
  });

  it('a second time changes nothing, and is no event', () => {
    const t = testKernel();
    const pid = t.spawn();
    store(t, pid);
    const first = freeze(t, pid, { key: 'report' }).value.record.frozen;
    expect(freeze(t, pid, { key: 'report' }).value.record.frozen).toEqual(first);
    expect(t.eventsOf('artifact.frozen')).toHaveLength(1);
  });

  it('may demand the version that it freezes', () => {
    const t = testKernel();
    const pid = t.spawn();
    store(t, pid);
    store(t, pid);
    expect(freeze(t, pid, { key: 'report' }, 1).refusal.code).toBe('conflict');
    expect(freeze(t, pid, { key: 'report' }, 2).value.version.version).toBe(2);
  });

  it('comes with a store, but not by one who has no custody (M12)', () => {
    const t = testKernel();
    const { owner, cousin } = family(t);
    const wish = { visibility: 'global', isFrozen: true } as const;
    store(t, owner, { visibility: 'global' });
    expect(store(t, cousin, wish).refusal.code).toBe('permission_denied');
    expect(store(t, owner, wish).value.record.frozen?.by).toBe(owner);
    expect(store(t, owner, wish).refusal.code).toBe('wrong_state');
  });
});

describe('delete_artifact', () => {
  it.each(CUSTODY_CELLS)('of a %s one, by %s: %s (M12)', (visibility, who, isAllowed) => {
    const t = testKernel();
    const all = family(t);
    const { artifact } = store(t, all.owner, { visibility }).value.record;
    const ticket = remove(t, all[who], { artifact });
    if (!isAllowed) expect(REFUSALS).toContain(ticket.refusal.code);
    const found = t.call('get_artifact', { by: { artifact }, version: 0 }).value;
    expect(found === undefined).toBe(isAllowed);
  });

  it.each(VISIBILITIES)('frees key and quota of a %s one (M12)', (visibility) => {
    const t = testKernel({ settings: { artifactQuotaBytesPerUser: 100 } });
    const pid = t.spawn();
    const wish = { visibility, content: bulkContent(50) };
    const first = store(t, pid, wish).value.record.artifact;
    store(t, pid, wish);
    expect(store(t, pid, wish).refusal.code).toBe('limit_exceeded');
    remove(t, pid, { key: 'report' });
    expect(t.kernel.state.catalog.bytesOf('root')).toBe(0);
    expect(t.kernel.state.catalog.countOf(pid)).toBe(0);
    expect(get(t, pid)).toBeUndefined();
    const next = store(t, pid, { ...wish, content: bulkContent(100) }).value;
    expect(next.version.version).toBe(1);
    expect(next.record.artifact).not.toBe(first);
    t.takeSnapshot();
    t.reboot();
    expect(get(t, pid)?.record.artifact).toBe(next.record.artifact);
  });

  it('of the newest lets the one before it be seen again', () => {
    const t = testKernel();
    const pid = t.spawn();
    const ids = VISIBILITIES.map((visibility) => store(t, pid, { visibility }).value);
    for (const { record } of ids.toReversed()) {
      expect(get(t, pid)?.record.artifact).toBe(record.artifact);
      expect(get(t, KING)?.record.artifact).toBe(record.artifact);
      remove(t, pid, { key: 'report' });
    }
    expect(get(t, pid)).toBeUndefined();
    expect(remove(t, pid, { key: 'report' }).refusal.code).toBe('not_found');
  });

  it('of an inherited one shows the other that was inherited (P9)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const left = [1, 2, 3].map(() => {
      const pid = t.spawn({}, { pid: lead });
      const { artifact } = store(t, pid).value.record;
      t.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
      return artifact;
    });
    for (const artifact of left.toReversed()) {
      expect(get(t, lead)?.record.artifact).toBe(artifact);
      remove(t, lead, { key: 'report' });
    }
    expect(get(t, lead)).toBeUndefined();
  });

  it('of a frozen one is the king’s alone (M12)', () => {
    const t = testKernel();
    const { owner, lead } = family(t);
    store(t, owner, { visibility: 'subtree', isFrozen: true });
    for (const pid of [owner, lead]) {
      expect(remove(t, pid, { key: 'report' }).refusal.code).toBe('permission_denied');
    }
    expect(remove(t, KING, { key: 'report' }).value).toEqual({});
    expect(store(t, owner, { visibility: 'subtree' }).value.version.version).toBe(1);
  });

  it('may demand the version that it deletes', () => {
    const t = testKernel();
    const pid = t.spawn();
    store(t, pid);
    store(t, pid);
    expect(remove(t, pid, { key: 'report' }, 1).refusal.code).toBe('conflict');
    expect(remove(t, pid, { key: 'report' }, 2).value).toEqual({});
  });

  it('keeps those who miss it waiting until it is durable (DESIGN §3)', () => {
    const t = testKernel();
    const { owner, cousin } = family(t);
    store(t, owner, { visibility: 'user' });
    remove(t, owner, { key: 'report' });
    const seq = t.eventsOf('artifact.deleted')[0]?.seq;
    const by = { key: 'report' };
    expect(t.call('get_artifact', { by, version: 0 }, { pid: cousin }).gate).toBe(seq);
    expect(t.call('get_artifact', { by, version: 0 }, { pid: owner }).gate).toBe(0);
  });
});

describe('artifact_versions', () => {
  it('gives those that are kept, with who made them, for which task and trace (M12)', () => {
    const t = testKernel({ settings: { artifactVersionsKept: 2 } });
    const { owner, cousin } = family(t);
    store(t, owner, { visibility: 'user' });
    store(t, owner, { visibility: 'user', content: bulkContent(9_000), trace: 'tr-1' });
    store(t, cousin, { visibility: 'user', contentType: 'b' });
    const found = versions(t, owner, { key: 'report' }).value.map(({ version }) => version);
    expect(found).toMatchObject([
      { version: 2, storedBy: owner, trace: 'tr-1', content: { bytes: 9_000 }, task: null },
      { version: 3, storedBy: cousin, trace: '', contentType: 'b' },
    ]);
  });

  it('tells the trace of the task that it was made for', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    const params = { trace_id: 'tr-9' };
    const spec = { description: 'd', params, timeoutMs: 0, priority: 2, retriesMax: 0 } as const;
    t.call('execute_task', { pid, spec: { ...spec, context: { bytes: 0, inline: '' } } });
    t.pass();
    const task = [...(t.kernel.state.table.find(pid)?.tasks ?? [])][0] ?? null;
    t.call('store', artifactOrder(), { pid, task });
    expect(get(t, pid)?.version).toMatchObject({ task, trace: 'tr-9' });
    t.takeSnapshot();
    t.reboot();
    expect(get(t, KING)?.version.trace).toBe('tr-9');
  });

  it('is for those who see it, whoever has custody (M12)', () => {
    const t = testKernel();
    const { owner, lead, stranger } = family(t);
    const { artifact } = store(t, owner).value.record;
    for (const pid of [lead, stranger]) {
      expect(versions(t, pid, { artifact }).refusal.code).toBe('not_found');
      expect(versions(t, pid, { key: 'x'.repeat(10_000) }).refusal.code).toBe('not_found');
    }
    expect(versions(t, owner, { artifact }).value).toHaveLength(1);
  });
});

describe('content of artifacts', () => {
  it('is kept as long as something names it, and no longer (M12)', () => {
    const t = testKernel({ settings: { artifactVersionsKept: 1 } });
    const pid = t.spawn();
    const [one, two] = ['11'.repeat(32), '22'.repeat(32)];
    store(t, pid, { content: bulkContent(5_000, one) });
    store(t, pid, { content: bulkContent(5_000, one), key: 'copy' });
    store(t, pid, { content: bulkContent(5_000, two) });
    expect(new Set(t.kernel.liveHashes())).toEqual(new Set([one, two]));
    remove(t, pid, { key: 'copy' });
    expect(new Set(t.kernel.liveHashes())).toEqual(new Set([two]));
    remove(t, pid, { key: 'report' });
    expect([...t.kernel.liveHashes()]).toEqual([]);
  });
});

describe('a snapshot from before artifacts were frozen', () => {
  it('reads as of artifacts that change on, without a trace', () => {
    const t = testKernel();
    const pid = t.spawn();
    store(t, pid);
    const image = JSON.parse(t.kernel.snapshot()) as { artifacts: object[] };
    for (const record of image.artifacts as { frozen?: null; versions: { trace?: string }[] }[]) {
      delete record.frozen;
      for (const version of record.versions) delete version.trace;
    }
    const fresh = new Kernel({ settings: DEFAULT_SETTINGS, partition: 0 });
    fresh.restore(JSON.stringify(image));
    expect(fresh.snapshot()).toBe(t.kernel.snapshot());
  });
});
