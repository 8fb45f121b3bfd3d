import { agent } from '@hivekernel/protocol';
import { make } from '@hivekernel/protocol/messages';
import { describe, expect, it } from 'vitest';
import { isSignal, signalFromWire } from './signal.ts';

const messageOf = (body: unknown, fields: Partial<agent.AgentMessage> = {}) =>
  make(agent.AgentMessage, {
    type: 'signal',
    relation: 0,
    payload: new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
    ...fields,
  });

describe('isSignal()', () => {
  it.each([
    ['what the kernel sends as one', {}, true],
    ['what a parent sends under that name', { relation: 1 }, false],
    ['what a sibling sends under that name', { relation: 3 }, false],
    ['another message of the kernel', { type: 'delivery' }, false],
  ] as const)('tells %s', (_name, fields, expected) => {
    expect(isSignal(messageOf({ signal: 'HUP' }, fields))).toBe(expected);
  });
});

describe('signalFromWire()', () => {
  it('reads a HUP with a new parent, and one with a reason', () => {
    expect(signalFromWire(messageOf({ signal: 'HUP', ppid: 7 }))).toEqual({
      signal: 'HUP',
      ppid: 7,
      reason: '',
    });
    expect(signalFromWire(messageOf({ signal: 'HUP', reason: 'new prices' }))).toEqual({
      signal: 'HUP',
      ppid: undefined,
      reason: 'new prices',
    });
  });

  it('reads how a child ended', () => {
    const body = {
      signal: 'CHLD',
      pid: 9,
      name: 'w',
      address: '/king/w',
      exitCode: 41,
      cause: 'crashed',
      output: 'half of it',
      durationMs: 1_200,
    };
    expect(signalFromWire(messageOf(body))).toEqual(body);
  });

  it.each([
    ['a signal of a newer kernel', { signal: 'WINCH' }],
    ['no JSON', '{'],
    ['null', null],
  ])('leaves %s to onMessage', (_name, body) => {
    expect(signalFromWire(messageOf(body))).toBeUndefined();
  });
});
