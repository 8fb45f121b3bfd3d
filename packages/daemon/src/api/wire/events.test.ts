import { describe, expect, it } from 'vitest';
import { EMPTY_CONTENT, asMessageId, asPid, asTaskId, contentOfText } from '@hivekernel/kernel';
import type { BodyOf, Content, Event, EventKind } from '@hivekernel/kernel';
import { toProcessEvents, toVolatileEvent } from './events.ts';
import type { EventSource, ProcessEvent } from './teller.ts';

const SOURCE: EventSource = {
  host: { bytes: () => Promise.resolve(Buffer.from('from the store')) },
  nameOf: (pid) => `name-${pid}`,
};

function eventOf<K extends EventKind>(kind: K, body: BodyOf<K>): Event {
  return { seq: 5, wallMs: 1_000, monoMs: 0, kind, v: 1, by: 4, body } as unknown as Event;
}

async function told<K extends EventKind>(
  kind: K,
  body: BodyOf<K>,
  source: EventSource = SOURCE,
): Promise<ProcessEvent> {
  const [first] = await toProcessEvents(eventOf(kind, body), source);
  if (first === undefined) throw new Error('nothing was told');
  return first;
}

const PID = asPid(7);

const sent = (content: Content): BodyOf<'message.sent'> => ({
  message: asMessageId(5),
  from: PID,
  fromName: 'lead',
  to: asPid(8),
  toName: 'worker',
  relation: 'parent',
  priority: 1,
  type: 'note',
  content,
  requiresAck: false,
  expiresMonoMs: 0,
  replyTo: 'm3',
  isCopy: false,
});

describe('toProcessEvents()', () => {
  it('tells a spawn with the words of the wire, and no secrets of its environment', async () => {
    const body = {
      pid: PID,
      parent: asPid(1),
      address: '/king/w',
      spec: {
        name: 'w',
        user: 'root',
        role: 'worker',
        tier: 'tactical',
        model: 'sonnet',
        node: 'n',
        image: './a.ts',
        env: { KEY: 'secret' },
      },
      owed: null,
    } as unknown as BodyOf<'process.spawned'>;
    const event = await told('process.spawned', body);
    expect(event).toMatchObject({
      seq: 5,
      timestampMs: 1_000,
      type: 'spawned',
      pid: 7,
      ppid: 1,
      name: 'w',
      role: 'worker',
      tier: 'tactical',
      model: 'sonnet',
      state: 'idle',
      fields: { address: '/king/w' },
    });
    expect(JSON.stringify(event)).not.toContain('secret');
  });

  it.each([
    ['idle', 'running', 'state_changed', 'idle', 'running'],
    ['blocked', 'stopping', 'process.moved', '', ''],
    ['starting', 'idle', 'process.moved', '', ''],
    ['running', 'stopping', 'state_changed', 'running', 'blocked'],
  ] as const)('tells the move %s to %s as %s', async (from, to, type, oldState, newState) => {
    const event = await told('process.moved', { pid: PID, from, to, phase: '' });
    expect(event).toMatchObject({ type, oldState, newState, fields: { from, to } });
  });

  it('tells an exit as a change of state, with its result', async () => {
    const event = await told('process.exited', {
      pid: PID,
      incarnation: 1,
      from: 'blocked',
      to: 'zombie',
      exitCode: 3,
      cause: 'crashed',
      detail: 'exit code 3',
      output: 'so far',
    });
    expect(event).toMatchObject({
      type: 'state_changed',
      oldState: 'blocked',
      newState: 'zombie',
      fields: { exit_code: '3', cause: 'crashed', output_preview: 'so far' },
    });
  });

  it.each([
    ['zombie', { type: 'state_changed', oldState: 'zombie', newState: 'dead' }],
    ['dead', { type: 'process.collected', state: 'dead', oldState: '', newState: '' }],
  ] as const)('tells the collection of one that is %s truly', async (from, expected) => {
    const event = await told('process.collected', { pid: PID, from, expired: false });
    expect(event).toMatchObject({ ...expected, fields: { expired: 'false' } });
  });

  it('tells a failed start as the removal of a process that had been announced', async () => {
    const event = await told('process.start_failed', { pid: PID, error: 'no module' });
    expect(event).toMatchObject({ type: 'removed', pid: 7, message: 'no module' });
  });

  it('tells a publication with its topic, and what is in it (M10)', async () => {
    const payload = JSON.stringify({ text: 'hello', trace_id: 'abc' });
    const event = await told('topic.published', {
      message: asMessageId(5),
      user: 'ann',
      topic: 'news',
      from: PID,
      fromName: 'lead',
      type: 'note',
      content: contentOfText(payload),
      isTransient: true,
    });
    expect(event).toMatchObject({
      type: 'topic.published',
      pid: 7,
      name: 'lead',
      message: 'note',
      messageId: 'm5',
      payloadPreview: payload,
      traceId: 'abc',
      fields: { topic: 'news', user: 'ann', transient: 'true' },
    });
  });

  it('tells what becomes of a topic and of a cursor, of whom it is (M10)', async () => {
    const cleared = await told('topic.cleared', { user: 'ann', topic: 'news' });
    expect(cleared).toMatchObject({ pid: 4, fields: { topic: 'news', user: 'ann' } });
    const place = { owner: PID, user: 'ann', name: 'd' };
    const wish = { pattern: 'n*', type: '', withRetained: true };
    expect(await told('cursor.opened', { ...place, ...wish })).toMatchObject({
      pid: 7,
      fields: { cursor: 'd', user: 'ann', pattern: 'n*', with_retained: 'true' },
    });
    const moved = await told('cursor.moved', { owner: PID, name: 'd', messages: [asMessageId(3)] });
    expect(moved).toMatchObject({ pid: 7, fields: { cursor: 'd', confirmed: '1' } });
    const closed = await told('cursor.closed', place);
    expect(closed).toMatchObject({ pid: 7, fields: { cursor: 'd', user: 'ann' } });
  });

  it('tells a message with both ends, its trace, and a printable preview', async () => {
    const payload = JSON.stringify({
      trace_id: 'tr',
      trace_span: 'sp',
      text: 'a\u202eb\n'.repeat(200),
    });
    const event = await told('message.sent', sent(contentOfText(payload)));
    expect(event).toMatchObject({
      type: 'message_sent',
      pid: 7,
      ppid: 8,
      name: 'lead',
      role: 'worker',
      message: 'note',
      replyTo: 'm3',
      traceId: 'tr',
      traceSpan: 'sp',
      messageId: 'm5',
    });
    expect([...event.payloadPreview]).toHaveLength(200);
    expect(event.payloadPreview).not.toMatch(/[\u0000-\u001f\u202e]/);
  });

  it('fetches a payload from the store for its preview, unless it is large or gone', async () => {
    const preview = async (content: Content, source?: EventSource) =>
      (await told('message.sent', sent(content), source)).payloadPreview;
    expect(await preview({ bytes: 14, hash: 'h' })).toBe('from the store');
    expect(await preview({ bytes: 1_000_000, hash: 'h' })).toBe('(1000000 bytes)');
    const gone = { ...SOURCE, host: { bytes: () => Promise.reject(new Error('gone')) } };
    expect(await preview({ bytes: 14, hash: 'h' }, gone)).toBe('(lost)');
    expect(await preview(EMPTY_CONTENT)).toBe('');
  });

  it('tells an acknowledgement of many messages as many deliveries with one seq', async () => {
    const messages = [asMessageId(2), asMessageId(3)];
    const senders = [asPid(8), asPid(9)];
    const events = await toProcessEvents(
      eventOf('message.acked', { pid: PID, messages, senders }),
      SOURCE,
    );
    expect(events).toMatchObject([
      { seq: 5, type: 'message_delivered', pid: 7, ppid: 8, messageId: 'm2' },
      { seq: 5, type: 'message_delivered', pid: 7, ppid: 9, messageId: 'm3' },
    ]);
  });

  it.each([
    ['llm_call', 'llm_call'],
    ['tool_call', 'tool_call'],
    ['spawned', 'log'],
    ['kernel.booted', 'log'],
    ['constructor', 'log'],
  ])('lets a log line that asks for %s be %s', async (asked, type) => {
    const fields = { event_type: asked, tool_name: 'grep' };
    const body = { pid: PID, level: 'info', message: 'm', fields } as const;
    expect(await told('log.written', body)).toMatchObject({
      type,
      pid: 7,
      name: 'name-7',
      level: 'info',
      message: 'm',
      fields: { tool_name: 'grep' },
    });
  });

  it('tells a model call with its tokens', async () => {
    const event = await told('llm.called', {
      pid: PID,
      tier: 'tactical',
      model: 'sonnet',
      provider: 'sim',
      simulated: true,
      promptTokens: 3,
      completionTokens: 4,
      estimated: false,
      latencyMs: 12,
      outcome: 'ok',
      errorCode: '',
    });
    expect(event).toMatchObject({
      type: 'llm_call',
      fields: { model: 'sonnet', prompt_tokens: '3', total_tokens: '7', latency_ms: '12' },
    });
  });

  it('tells a task that is tried again, and how often it may be', async () => {
    const retried = { task: asTaskId(4), pid: PID, tries: 2, why: 'w (pid 7) ended (hung)' };
    expect(await told('task.retried', retried)).toMatchObject({
      type: 'task.retried',
      pid: 7,
      message: 'w (pid 7) ended (hung)',
      fields: { task_id: 't4', tries: '2' },
    });
    const created = (retriesMax: number): BodyOf<'task.created'> => ({
      task: asTaskId(4),
      pid: PID,
      parentTask: null,
      spec: {
        description: 'd',
        params: {},
        timeoutMs: 1,
        priority: 2,
        context: EMPTY_CONTENT,
        retriesMax,
      },
      isInitial: false,
      owed: null,
    });
    const { fields } = await told('task.created', created(3));
    expect(fields).toMatchObject({ task_id: 't4', retries_max: '3' });
    expect((await told('task.created', created(0))).fields).not.toHaveProperty('retries_max');
  });

  it('tells of a kill whom it spares, and that it collapses', async () => {
    const kill: BodyOf<'kill.began'> = {
      root: PID,
      targets: [asPid(9), asPid(8), PID],
      reason: 'normal',
      graceMs: 5,
      owed: null,
    };
    const plain = { targets: '3', reason: 'normal', grace_ms: '5' };
    expect(await told('kill.began', kill)).toMatchObject({ pid: 7, fields: plain });
    expect((await told('kill.began', kill)).fields).toEqual(plain);
    const restart = { ...kill, spared: [asPid(9), PID], spareFor: 'restart' as const };
    const spared = { ...plain, spared: '2', spare_for: 'restart' };
    expect((await told('kill.began', restart)).fields).toEqual(spared);
    const collapse = { ...kill, collapse: [asPid(9), asPid(8)] };
    expect((await told('kill.began', collapse)).fields).toEqual({ ...plain, collapse: '2' });
  });

  it('tells other kinds under their own names', async () => {
    const body = { task: asTaskId(4), pid: PID };
    expect(await told('task.started', body)).toMatchObject({
      type: 'task.started',
      pid: 7,
      fields: { task_id: 't4' },
    });
  });
});

describe('toVolatileEvent()', () => {
  it('has no seq, and the time at which it was seen', () => {
    const progress = { type: 'progress', pid: 7, task: 4, message: 'half', percent: 50 } as const;
    expect(toVolatileEvent(progress, 9)).toMatchObject({
      seq: 0,
      timestampMs: 9,
      type: 'progress',
      pid: 7,
      message: 'half',
      fields: { task_id: 't4', percent: '50' },
    });
    const output = { type: 'output', pid: 7, stream: 'stderr', line: 'oh' } as const;
    expect(toVolatileEvent(output, 9)).toMatchObject({
      message: 'oh',
      fields: { stream: 'stderr' },
    });
    const tokens = { type: 'tokens', pid: 7, count: 3 } as const;
    expect(toVolatileEvent(tokens, 9)).toMatchObject({ fields: { count: '3' } });
  });
});
