// RequestDesk through its LinkCaller: requests of the kernel are handled once and answered,
// whatever the connection and the handler do.
import { describe, expect, it } from 'vitest';
import { settle } from '../../test/async-queue.ts';
import { attach, connect } from '../../test/caller-end.ts';
import { agent } from '../index.ts';
import { make } from '../make.ts';
import { LINK_LIMITS, LinkCallError } from './index.ts';
import type { AnswerBody, IncomingRequest } from './index.ts';

describe('RequestDesk requests', () => {
  const ready: AnswerBody = { $case: 'init', value: { ready: true, error: '' } };
  const init = (id: number) => {
    return { id, pid: 7, body: { $case: 'init', value: make(agent.InitRequest, {}) } } as const;
  };

  it('are handed to the handler once, however often the kernel asks', async () => {
    const asked: IncomingRequest[] = [];
    let answer: (body: AnswerBody) => void = () => undefined;
    const { kernel, ...world } = await connect({
      onRequest: (request) => {
        asked.push(request);
        return new Promise((resolve) => (answer = resolve));
      },
    });
    kernel.send({ requests: [init(1)] });
    await settle();
    world.cut();
    await kernel.ended;
    const second = await attach(world);
    second.kernel.send({ requests: [init(1)] });
    await settle();
    answer(ready);
    expect(await second.kernel.answers(1)).toEqual([{ id: 1, pid: 7, body: ready }]);
    // It crossed the answer: not answered twice.
    second.kernel.send({ requests: [init(1)] });
    await settle();
    expect(second.kernel.frames.size).toBe(0);
    second.cut();
    await second.kernel.ended;
    const third = await attach(world);
    third.kernel.send({ requests: [init(1)] });
    expect(await third.kernel.answers(1)).toEqual([{ id: 1, pid: 7, body: ready }]);
    expect(asked).toHaveLength(1);
  });

  it('whose answer came while there was no connection are answered when asked again', async () => {
    let answer: (body: AnswerBody) => void = () => undefined;
    const first = await connect({
      onRequest: () => new Promise((resolve) => (answer = resolve)),
    });
    first.kernel.send({ requests: [init(1)] });
    await settle();
    first.cut();
    await first.kernel.ended;
    answer(ready);
    await settle();
    const second = await attach(first);
    second.kernel.send({ requests: [init(1)] });
    expect(await second.kernel.answers(1)).toMatchObject([{ id: 1, body: ready }]);
  });

  it('of an earlier boot are not answered to the next, which numbers its own anew', async () => {
    const answers: ((body: AnswerBody) => void)[] = [];
    const first = await connect({
      onRequest: () => new Promise((resolve) => void answers.push(resolve)),
    });
    first.kernel.send({ requests: [init(1)] });
    await settle();
    first.cut();
    await first.kernel.ended;
    const second = await attach(first, { bootId: 'boot-2' });
    second.kernel.send({ requests: [init(1)] });
    await settle();
    answers[0]!({ $case: 'init', value: { ready: false, error: 'of the old boot' } });
    answers[1]!(ready);
    expect(await second.kernel.answers(1)).toMatchObject([{ id: 1, body: ready }]);
  });

  it('that fail answer with the code of the error, or `internal`', async () => {
    const errors = [new LinkCallError('wrong_state', 'busy'), new TypeError('a fault'), 'text'];
    // A reason to abort may be anything, and is thrown as it is.
    const failWith = (reason: unknown): never => {
      AbortSignal.abort(reason).throwIfAborted();
      throw new Error('not reached');
    };
    const { kernel } = await connect({ onRequest: async () => failWith(errors.shift()) });
    kernel.send({ requests: [init(1), init(2), init(3)] });
    const answers = await kernel.answers(3);
    expect(answers.map((answer) => answer.body?.value)).toMatchObject([
      { code: 'wrong_state', message: 'busy' },
      { code: 'internal', message: 'a fault' },
      { code: 'internal', message: 'text' },
    ]);
  });

  it('without a handler, or of an unknown kind, are `unimplemented`', async () => {
    const { kernel } = await connect();
    kernel.send({ requests: [init(1), { id: 2, pid: 7, body: undefined }] });
    const answers = await kernel.answers(2);
    for (const answer of answers) {
      expect(answer.body?.value).toMatchObject({ code: 'unimplemented' });
    }
  });

  it('whose answer is no longer kept are of `unknown_outcome`', async () => {
    const first = await connect({ onRequest: () => Promise.resolve(ready) });
    const count = LINK_LIMITS.keptAnswersMax + 1;
    first.kernel.send({ requests: Array.from({ length: count }, (_, i) => init(i + 1)) });
    await first.kernel.answers(count);
    first.cut();
    await first.kernel.ended;
    const { kernel } = await attach(first);
    kernel.send({ requests: [init(1), init(2)] });
    expect(await kernel.answers(2)).toMatchObject([
      { id: 1, body: { value: { code: 'unknown_outcome' } } },
      { id: 2, body: ready },
    ]);
  });
});
