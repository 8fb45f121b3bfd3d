import { artifactOrder, bulkContent, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { VISIBILITIES, type Visibility } from '../events/words.ts';
import { asArtifactId, asPid, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

/**
 * king > lead > owner > child > grandchild; sibling under lead; cousin under the king; all of user
 * root. Under the owner also a child of user leo, and leo's own branch under the king.
 */
function family(t: TestKernel): Readonly<Record<string, Pid>> {
  const lead = t.spawn({ name: 'lead', role: 'lead' });
  const owner = t.spawn({ name: 'owner', role: 'lead' }, { pid: lead });
  const child = t.spawn({ name: 'child', role: 'lead' }, { pid: owner });
  const grandchild = t.spawn({ name: 'grandchild', role: 'worker' }, { pid: child });
  const sibling = t.spawn({ name: 'sibling' }, { pid: lead });
  const cousin = t.spawn({ name: 'cousin' });
  const stranger = t.spawn({ name: 'leo', user: 'leo', role: 'lead' });
  return { king: asPid(1), lead, owner, child, grandchild, sibling, cousin, stranger };
}

const READERS: Readonly<Record<Visibility, readonly string[]>> = {
  private: ['king', 'owner'],
  user: ['king', 'lead', 'owner', 'child', 'grandchild', 'sibling', 'cousin'],
  subtree: ['king', 'lead', 'owner', 'child', 'grandchild'],
  global: ['king', 'lead', 'owner', 'child', 'grandchild', 'sibling', 'cousin', 'stranger'],
};

const EVERYBODY = READERS.global;
const CELLS = VISIBILITIES.flatMap((visibility) =>
  EVERYBODY.map((who) => [visibility, who, READERS[visibility].includes(who)] as const),
);

const get = (t: TestKernel, pid: Pid, key = 'report', version = 0) =>
  t.call('get_artifact', { by: { key }, version }, { pid }).value;

const store = (t: TestKernel, pid: Pid, wish: Parameters<typeof artifactOrder>[0] = {}) =>
  t.call('store', artifactOrder(wish), { pid });

describe('reading by visibility', () => {
  it.each(CELLS)('%s, read by %s: %s (M12)', (visibility, who, isSeen) => {
    const t = testKernel();
    const all = family(t);
    const reader = all[who] as Pid;
    const { record } = store(t, all['owner'] as Pid, { visibility }).value;
    const { artifact } = record;
    expect(get(t, reader)?.record.artifact).toBe(isSeen ? artifact : undefined);
    const byId = t.call('get_artifact', { by: { artifact }, version: 0 }, { pid: reader });
    expect(byId.value?.record.artifact).toBe(isSeen ? artifact : undefined);
    const list = t.call('list_artifacts', { prefix: '', storedBy: undefined }, { pid: reader });
    expect(list.value.map((found) => found.record.artifact)).toEqual(isSeen ? [artifact] : []);
  });

  it('shows a branch nothing of another user in it but what is global (A1, M12)', () => {
    const t = testKernel();
    const leo = t.spawn({ name: 'leo', user: 'leo', role: 'lead' });
    const child = t.spawn({ name: 'c' }, { pid: leo });
    for (const visibility of VISIBILITIES) store(t, child, { key: visibility, visibility });
    const root = t.spawn({ name: 'root' });
    expect(VISIBILITIES.filter((key) => get(t, root, key) !== undefined)).toEqual(['global']);
    expect(VISIBILITIES.filter((key) => get(t, leo, key) !== undefined)).toEqual([
      'user',
      'subtree',
      'global',
    ]);
  });

  it('takes the newest of all visible under a key (M12)', () => {
    const t = testKernel();
    const { lead, owner, child, cousin } = family(t) as Record<string, Pid>;
    const from = (pid: Pid | undefined): Pid => pid as Pid;
    store(t, from(owner), { visibility: 'private' });
    expect(get(t, from(owner))?.record.owner).toBe(owner);
    store(t, from(child), { visibility: 'subtree' });
    expect(get(t, from(owner))?.record.owner).toBe(child);
    store(t, from(cousin), { visibility: 'user' });
    expect(get(t, from(owner))?.record.owner).toBe(cousin);
    store(t, from(cousin), { visibility: 'private' });
    expect(get(t, from(owner))?.record.visibility).toBe('user');
    store(t, from(lead), { visibility: 'subtree' });
    expect(get(t, from(owner))?.record.owner).toBe(lead);
    expect(get(t, from(cousin))?.record.visibility).toBe('private');
  });

  it('finds the one in a subtree among many namesakes elsewhere', () => {
    const t = testKernel({ settings: { kingChildrenMax: 1_000 } });
    const { lead, owner, grandchild } = family(t) as Record<string, Pid>;
    const mine = store(t, grandchild as Pid, { visibility: 'subtree' }).value.record.artifact;
    for (let i = 0; i < 100; i += 1) store(t, t.spawn(), { visibility: 'subtree' });
    for (let i = 0; i < 100; i += 1) store(t, t.spawn(), { visibility: 'private' });
    for (const reader of [lead, owner, grandchild]) {
      expect(get(t, reader as Pid)?.record.artifact).toBe(mine);
    }
  });
});

describe('writing', () => {
  it('makes a new version of the same key and visibility, old ones stay readable (M12)', () => {
    const t = testKernel();
    const pid = t.spawn();
    const first = store(t, pid, { content: bulkContent(1) }).value;
    const second = store(t, pid, { content: bulkContent(2), contentType: 'b' }).value;
    expect(second.record.artifact).toBe(first.record.artifact);
    expect([first.version.version, second.version.version]).toEqual([1, 2]);
    expect(get(t, pid)?.version).toMatchObject({ version: 2, content: { bytes: 2 } });
    expect(get(t, pid, 'report', 1)?.version.content.bytes).toBe(1);
    expect(get(t, pid, 'report', 3)).toBeUndefined();
    const other = store(t, pid, { visibility: 'subtree' }).value;
    expect(other.record.artifact).not.toBe(first.record.artifact);
  });

  it('keeps ten versions (M12)', () => {
    const t = testKernel();
    const pid = t.spawn();
    for (let i = 1; i <= 12; i += 1) store(t, pid, { content: bulkContent(i) });
    expect(get(t, pid, 'report', 2)).toBeUndefined();
    expect(get(t, pid, 'report', 3)?.version.version).toBe(3);
    expect(t.kernel.state.catalog.bytesOf('root')).toBe((12 * 13) / 2 - 3);
  });

  it.each([
    ['private', 'sibling', 'new'],
    ['subtree', 'child', 'new'],
    ['user', 'cousin', 'version'],
    ['global', 'cousin', 'version'],
    ['user', 'stranger', 'new'],
    ['global', 'stranger', 'refused'],
    ['global', 'king', 'version'],
  ] as const)('of a %s key that the owner has, by %s: %s (M12)', (visibility, who, expected) => {
    const t = testKernel();
    const all = family(t);
    const { artifact } = store(t, all['owner'] as Pid, { visibility }).value.record;
    const ticket = store(t, all[who] as Pid, { visibility });
    if (expected === 'refused') {
      expect(ticket.refusal.code).toBe('permission_denied');
      expect(ticket.refusal.message).toContain('M12');
    } else if (expected === 'version') {
      expect(ticket.value).toMatchObject({
        record: { artifact, owner: all['owner'] },
        version: { version: 2, storedBy: all[who] },
      });
    } else {
      expect(ticket.value.record.artifact).not.toBe(artifact);
      expect(ticket.value.version.version).toBe(1);
    }
  });

  it('gives what the heir writes to its own, never to what it inherited (P9)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const workers = [1, 2].map(() => t.spawn({}, { pid: lead }));
    const left = workers.map((pid) => store(t, pid).value.record.artifact);
    for (const pid of workers) {
      t.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    }
    expect(get(t, lead)?.record.artifact).toBe(left[1]);
    const own = store(t, lead).value;
    expect(left).not.toContain(own.record.artifact);
    expect(get(t, lead)?.record.artifact).toBe(own.record.artifact);
    for (const artifact of left) {
      const by = { artifact: asArtifactId(artifact) };
      expect(t.call('get_artifact', { by, version: 0 }, { pid: lead }).value).toBeDefined();
    }
    // The same after a restart, and one heir further on.
    t.takeSnapshot();
    t.reboot();
    expect(store(t, lead).value).toMatchObject({
      record: { artifact: own.record.artifact },
      version: { version: 2 },
    });
    t.call('kill', { pid: lead, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(get(t, asPid(1))?.record).toMatchObject({ artifact: own.record.artifact, owner: 1 });
    expect(t.kernel.state.catalog.countOf(asPid(1))).toBe(3);
  });

  it('goes on with a shared key whose first owner is gone (P9, M12)', () => {
    const t = testKernel();
    const { owner, cousin } = family(t) as Record<string, Pid>;
    const { artifact } = store(t, owner as Pid, { visibility: 'user' }).value.record;
    const kill = { pid: owner as Pid, isRecursive: false, reason: 'normal', graceMs: 0 } as const;
    t.call('kill', kill);
    const found = store(t, cousin as Pid, { visibility: 'user' }).value;
    expect(found).toMatchObject({ record: { artifact }, version: { version: 2 } });
  });

  it.each([
    ['', 'empty'],
    ['x'.repeat(LIMITS.artifactKeyCharsMax + 1), '513 characters'],
    ['a\u0000b', 'control character'],
    ['a\nb', 'control character'],
    ['a\u0085b', 'control character'],
    ['a\u2028b', 'control character'],
    ['a\ud800', 'half a character'],
    ['x'.repeat(10_000), '10000 characters'],
    ['../etc/passwd', '".." part'],
    ['a/../../b', '".." part'],
  ])('refuses the key %j', (key, why) => {
    const t = testKernel();
    const { refusal } = store(t, t.spawn(), { key });
    expect(refusal).toMatchObject({ code: 'invalid_argument', details: { field: 'key' } });
    expect(refusal.message).toContain(why);
  });

  it.each([
    'a',
    'a..b',
    '...',
    'dir/file.md',
    'é',
    '報告/🐝',
    ' ',
    'x'.repeat(LIMITS.artifactKeyCharsMax),
  ])('takes the key %j', (key) => {
    const t = testKernel();
    expect(store(t, t.spawn(), { key }).value.record.key).toBe(key);
  });

  it('takes 16 MiB and no byte more (M12)', () => {
    const t = testKernel();
    const pid = t.spawn();
    const over = store(t, pid, { content: bulkContent(LIMITS.artifactBytesMax + 1) });
    expect(over.refusal.code).toBe('too_large');
    const fits = store(t, pid, { content: bulkContent(LIMITS.artifactBytesMax) });
    expect(fits.value.version.content.bytes).toBe(LIMITS.artifactBytesMax);
  });

  it('counts to the quota of the user, without what a version pushes out (M12)', () => {
    const t = testKernel({ settings: { artifactQuotaBytesPerUser: 100, artifactVersionsKept: 1 } });
    const one = t.spawn();
    const two = t.spawn();
    const leo = t.spawn({ user: 'leo' });
    store(t, one, { content: bulkContent(60) });
    const { refusal } = store(t, two, { content: bulkContent(41) });
    expect(refusal).toMatchObject({ code: 'limit_exceeded', details: { user: 'root' } });
    expect(store(t, two, { content: bulkContent(40) }).value).toBeDefined();
    expect(store(t, one, { content: bulkContent(60) }).value.version.version).toBe(2);
    expect(store(t, leo, { content: bulkContent(100) }).value).toBeDefined();
    // Over a restart too.
    t.takeSnapshot();
    t.reboot();
    expect(store(t, one, { key: 'b', content: bulkContent(1) }).refusal.code).toBe(
      'limit_exceeded',
    );
  });

  it('is refused to a task, reading is not (A2)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const task = t.spawn({ role: 'task' }, { pid: lead });
    store(t, lead, { visibility: 'subtree' });
    expect(store(t, task).refusal.code).toBe('permission_denied');
    expect(get(t, task)?.record.owner).toBe(lead);
  });
});

describe('a restored catalogue', () => {
  it('finds and refuses as the live one did (M12)', () => {
    const t = testKernel();
    const all = family(t);
    const owner = all['owner'] as Pid;
    for (const visibility of VISIBILITIES) store(t, owner, { key: visibility, visibility });
    const seen = (): string[][] =>
      EVERYBODY.map((who) =>
        VISIBILITIES.filter((key) => get(t, all[who] as Pid, key) !== undefined),
      );
    const before = seen();
    t.takeSnapshot();
    t.reboot();
    expect(seen()).toEqual(before);
    for (const visibility of VISIBILITIES) {
      const again = store(t, owner, { key: visibility, visibility }).value;
      expect(again.version.version).toBe(2);
    }
  });
});

describe('list_artifacts', () => {
  it('gives the newest of each visible key, by key, prefix and writer (PROTOCOL §3)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const worker = t.spawn({}, { pid: lead });
    for (const key of ['b/2', 'a', 'b/1', 'b/2']) store(t, lead, { key, visibility: 'subtree' });
    store(t, worker, { key: 'b/3', visibility: 'user' });
    const list = (prefix: string, storedBy?: Pid) =>
      t
        .call('list_artifacts', { prefix, storedBy }, { pid: worker })
        .value.map(({ record, version }) => `${record.key}@${version.version}`);
    expect(list('')).toEqual(['a@1', 'b/1@1', 'b/2@2', 'b/3@1']);
    expect(list('b/')).toEqual(['b/1@1', 'b/2@2', 'b/3@1']);
    expect(list('b/', worker)).toEqual(['b/3@1']);
    expect(list('c')).toEqual([]);
  });
});
