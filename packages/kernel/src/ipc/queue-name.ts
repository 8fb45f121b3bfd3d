// The names of queues: what may be one, and what is said of one that may not.
//   A name has 1 to 128 characters, none of them a control character. `dead:` is kept free: it
//   would read as the dead letters of something, which are no queue of their own (M6).

import { KernelError } from '../errors.ts';
import { LIMITS } from '../limits.ts';

const RESERVED = 'dead:';
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Throws `invalid_argument`. */
export function checkQueueName(name: string): void {
  const why = faultOf(name);
  if (why === undefined) return;
  throw new KernelError('invalid_argument', `This is no name for a queue: ${why}.`, {
    details: { field: 'queue' },
  });
}

function faultOf(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > LIMITS.queueNameCharsMax) {
    return `it has ${name.length} characters, at most ${LIMITS.queueNameCharsMax} are allowed`;
  }
  if (CONTROL.test(name)) return 'it holds a control character';
  if (!name.startsWith(RESERVED)) return undefined;
  const of = name.slice(RESERVED.length);
  const where = /^\d+$/.test(of) ? `the inbox of process ${of}` : `the queue "${of}"`;
  return (
    `"${RESERVED}" names dead letters. Those of ${where} stand in its listing (list_inbox); ` +
    'requeue puts one back and drop_letter drops it'
  );
}
