import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventFeed } from '../../src/api/events/event-feed.ts';
import { Following } from '../../src/api/events/follow.ts';
import type { FollowOrder } from '../../src/api/events/follow.ts';
import { START, readId } from '../../src/api/events/position.ts';
import { DoorGround } from './door-ground.ts';
import { TestSink, followed } from './event-sink.ts';

let ground: DoorGround;
let ending: AbortController;

beforeEach(async () => {
  ground = await DoorGround.open();
  ending = new AbortController();
});
afterEach(async () => {
  ending.abort();
  await ground.close();
});

const order = (wish: Partial<FollowOrder> = {}): FollowOrder => ({
  after: START,
  follow: false,
  signal: ending.signal,
  ...wish,
});

const idsOf = async (wish: Partial<FollowOrder> = {}): Promise<readonly string[]> =>
  (await followed(ground, order(wish))).map(({ event }) => event.id);

/** Follows until the test ends it. */
function begin(wish: Partial<FollowOrder> = {}, feed: EventFeed = ground.feed) {
  const sink = new TestSink(ending.signal);
  const asked = order({ follow: true, ...wish });
  const following = new Following({ feed, host: ground.host, order: asked, sink, stalledMs: 1 });
  return { sink, following };
}

describe('Following.run()', () => {
  it('gives each wire event of one event an id, and the last one that of the whole', async () => {
    const seq = await ground.twoParts();
    const ids = await idsOf();
    const seqs = Array.from({ length: ground.host.durableSeq }, (_, i) => `${i + 1}`);
    expect(ids).toEqual(seqs.flatMap((id) => (id === `${seq}` ? [`${id}.1`, id] : [id])));
  });

  it('goes on after any id with exactly what follows it', async () => {
    await ground.twoParts();
    await ground.log(2);
    const all = await idsOf();
    for (const [i, id] of all.entries()) {
      expect(await idsOf({ after: readId(id) })).toEqual(all.slice(i + 1));
    }
  });

  it('keeps the ids of what is left where types are filtered', async () => {
    const seq = await ground.twoParts();
    const types = ['state_changed'];
    expect(await idsOf({ types, after: readId(`${seq}.1`) })).toEqual([`${seq}`]);
    expect(await idsOf({ types: ['process.woken'] })).toEqual([`${seq}.1`]);
    expect(await idsOf({ types: ['process.woken'], after: readId(`${seq}.1`) })).toEqual([]);
  });

  it('begins with the first event of a time, and goes by the order from there', async () => {
    const [, second] = await followed(ground, order());
    const sinceMs = (second?.event.timestampMs ?? 0) + 60_000;
    expect(await idsOf({ sinceMs })).toEqual([]);
    expect((await idsOf({ sinceMs: 1 }))[0]).toBe('1');
  });

  it('tells once when everything kept was told, and where that is', async () => {
    const { sink, following } = begin({ types: ['metric.reported'] });
    const running = following.run();
    expect(await sink.liveAt).toBe(`${ground.host.durableSeq}`);
    await ground.call('metric', { name: 'n', value: 1, labels: {} });
    await sink.has(1);
    expect(following.placeId).toBe(sink.ids[0]);
    ending.abort();
    await running;
  });

  it('puts a sink aside that takes nothing, and loses and doubles nothing for it', async () => {
    await ground.twoParts();
    const { sink, following } = begin();
    sink.roomFor = 1;
    const running = following.run();
    for (let taken = 1; taken < 8; taken += 1) {
      await sink.has(taken);
      await ground.log(1);
      sink.makeRoom(1);
    }
    sink.makeRoom(Infinity);
    await ground.log(5);
    const all = await idsOf();
    await sink.has(all.length);
    expect(sink.ids).toEqual(all);
    ending.abort();
    await running;
  });

  it('tells one that was put aside when its place is gone', async () => {
    const { sink, following } = begin();
    sink.roomFor = 1;
    const running = following.run();
    await sink.has(1);
    const firstSeq = await ground.dropOldEvents();
    sink.makeRoom(Infinity);
    await expect(running).rejects.toMatchObject({
      code: 'gone',
      details: { first_seq: firstSeq },
    });
  });

  it('holds nothing up: one that takes nothing delays no call and no other', async () => {
    const deaf = begin();
    deaf.sink.roomFor = 1;
    const { sink, following } = begin();
    const running = [deaf.following.run(), following.run()];
    await ground.log(50);
    const all = await idsOf();
    await sink.has(all.length);
    expect(sink.ids).toEqual(all);
    expect(deaf.sink.items.length).toBeLessThan(all.length);
    ending.abort();
    await Promise.all(running);
  });

  it('refuses one follower too many, until another leaves', async () => {
    const { book } = ground.feed;
    const feed = new EventFeed({ host: ground.host, book, followersMax: 1 });
    const leave = feed.admit();
    const refused = { code: 'limit_exceeded' };
    await expect(begin({}, feed).following.run()).rejects.toMatchObject(refused);
    leave();
    leave();
    await begin({ follow: false }, feed).following.run();
    const again = feed.admit();
    expect(() => feed.admit()).toThrow(expect.objectContaining(refused));
    again();
  });
});

describe('Following.begin()', () => {
  it('refuses at once what is gone or not there yet, and holds no place for it', async () => {
    const firstSeq = await ground.dropOldEvents();
    const { book } = ground.feed;
    const feed = new EventFeed({ host: ground.host, book, followersMax: 1 });
    const at = (id: string) => begin({ after: readId(id) }, feed).following.begin();
    const gone = { code: 'gone', details: { first_seq: firstSeq } };
    await expect(at('1')).rejects.toMatchObject(gone);
    await expect(at(`${firstSeq - 1}.1`)).rejects.toMatchObject(gone);
    await expect(at('1.1')).rejects.toMatchObject(gone);
    await expect(at('99999')).rejects.toMatchObject({ code: 'invalid_argument' });
    await at(`${firstSeq - 1}`);
  });
});
