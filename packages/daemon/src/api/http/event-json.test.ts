import { core, make } from '@hivekernel/protocol';
import { describe, expect, it } from 'vitest';
import { eventJson } from './event-json.ts';

describe('eventJson()', () => {
  it('has the names of the protocol, and leaves out what is empty', () => {
    const event = make(core.ProcessEvent, {
      ...{ id: '42.1', seq: 42, timestampMs: 7, type: 'state_changed', pid: 3 },
      ...{ oldState: 'idle', newState: 'running', fields: { a: 'b' } },
    });
    expect(eventJson(event)).toBe(
      '{"id":"42.1","seq":42,"timestamp_ms":7,"type":"state_changed","pid":3,' +
        '"old_state":"idle","new_state":"running","fields":{"a":"b"}}',
    );
  });

  it('has no id and no seq where it is volatile', () => {
    const event = make(core.ProcessEvent, { timestampMs: 7, type: 'output', message: 'a' });
    expect(eventJson(event)).toBe('{"timestamp_ms":7,"type":"output","message":"a"}');
  });

  it('is one line of JSON whatever agents write', () => {
    const message = 'a\nb\r\n\u2028"\\\u0000\ud800 data: x';
    const event = make(core.ProcessEvent, { type: 'log', message, fields: { 'k"\n': message } });
    const json = eventJson(event);
    expect(json).not.toMatch(/[\r\n]/);
    expect(JSON.parse(json)).toMatchObject({ message, fields: { 'k"\n': message } });
  });

  it('tells every field of the message', () => {
    const blank = make(core.ProcessEvent, {});
    const whole = Object.fromEntries(
      Object.entries(blank).map(([key, value]) => [key, typeof value === 'number' ? 1 : 'x']),
    );
    const event = { ...(whole as unknown as core.ProcessEvent), fields: { a: 'b' } };
    const told = Object.keys(JSON.parse(eventJson(event)) as object);
    expect(told).toHaveLength(Object.keys(blank).length);
  });
});
