// What is said where events are asked for that retention has dropped: at the start, or to a reader
// who was overtaken. `first_seq` is where one may begin.

import { KernelError } from '@hivekernel/kernel';

export interface Gap {
  readonly afterSeq: number;
  /** The first that is kept. */
  readonly firstSeq: number;
}

export const notKept = ({ afterSeq, firstSeq }: Gap): KernelError =>
  new KernelError(
    'gone',
    `The events after ${afterSeq} are no longer kept: the oldest is ${firstSeq}. ` +
      'Ask from 0 for everything that is kept.',
    { details: { after_seq: afterSeq, first_seq: firstSeq } },
  );

export const tooSlow = ({ afterSeq, firstSeq }: Gap): KernelError =>
  new KernelError(
    'gone',
    `The reader is too slow: the events after ${afterSeq} are no longer kept, the oldest is ` +
      `${firstSeq}.`,
    { details: { after_seq: afterSeq, first_seq: firstSeq } },
  );
