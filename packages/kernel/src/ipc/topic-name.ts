// Names of topics, and patterns over them: `*` is any run of characters, also none (M10).

import { KernelError } from '../errors.ts';
import { LIMITS } from '../limits.ts';

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Of what is published. Throws `invalid_argument`. */
export function checkTopic(topic: string): void {
  checkPattern(topic);
  if (topic.includes('*')) throw noTopic('"*" stands in patterns only', 'topic');
}

/** Of what is subscribed to. Throws `invalid_argument`. */
export function checkPattern(pattern: string): void {
  if (pattern === '') throw noTopic('it is empty', 'topic');
  if (pattern.length > LIMITS.topicCharsMax) {
    const most = LIMITS.topicCharsMax;
    throw noTopic(`it has ${pattern.length} characters, at most ${most} are allowed`, 'topic');
  }
  if (CONTROL.test(pattern)) throw noTopic('it holds a control character', 'topic');
}

export function checkCursorName(name: string): void {
  if (name !== '' && name.length <= LIMITS.nameCharsMax && !CONTROL.test(name)) return;
  throw new KernelError(
    'invalid_argument',
    `The name of a durable subscription has 1 to ${LIMITS.nameCharsMax} characters, none of them ` +
      'a control character.',
    { details: { field: 'durable' } },
  );
}

export const isPattern = (text: string): boolean => text.includes('*');

/** In the product of both lengths at most, whatever the pattern. */
export function matches(pattern: string, topic: string): boolean {
  let p = 0;
  let t = 0;
  /** After the last `*`, and how far it has swallowed. */
  let star = -1;
  let swallowed = 0;
  while (t < topic.length) {
    if (pattern[p] === '*') {
      p += 1;
      star = p;
      swallowed = t;
    } else if (p < pattern.length && pattern[p] === topic[t]) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      swallowed += 1;
      t = swallowed;
      p = star;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

const noTopic = (why: string, field: string): KernelError =>
  new KernelError('invalid_argument', `This is no topic: ${why} (M10).`, { details: { field } });
