// Names of topics, and patterns of them (M10). In a pattern each `*` stands for any run of
// characters, also for none, and anywhere; without one it is a name. Matching cuts the pattern at
// its stars once and then only looks its pieces up in turn: there is no way back, so that no
// pattern makes it slow.

import { KernelError } from '../errors.ts';
import { LIMITS } from '../limits.ts';

/** C0, C1 and the separators: what would break a line that shows the name. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const STAR = '*';

export class TopicPattern {
  readonly text: string;
  /** It names one topic. */
  readonly isName: boolean;
  readonly #first: string;
  readonly #middle: readonly string[];
  readonly #last: string;

  constructor(text: string) {
    const pieces = text.split(STAR);
    this.text = text;
    this.isName = pieces.length === 1;
    this.#first = pieces[0] ?? '';
    this.#last = pieces.at(-1) ?? '';
    this.#middle = pieces.slice(1, -1).filter((piece) => piece !== '');
  }

  matches(topic: string): boolean {
    if (this.isName) return topic === this.text;
    const end = topic.length - this.#last.length;
    let at = this.#first.length;
    if (at > end || !topic.startsWith(this.#first) || !topic.endsWith(this.#last)) return false;
    for (const piece of this.#middle) {
      const found = topic.indexOf(piece, at);
      if (found < 0 || found + piece.length > end) return false;
      at = found + piece.length;
    }
    return true;
  }
}

/** Throws `invalid_argument` for what nothing can be published under. */
export function requireTopic(name: string): void {
  requirePattern(name);
  if (!name.includes(STAR)) return;
  throw refused(`"${name}" holds a "*", which only patterns have`);
}

/** Throws `invalid_argument`. */
export function requirePattern(text: string): void {
  if (text === '') throw refused('it is empty');
  if (text.length > LIMITS.topicCharsMax) {
    throw refused(`it has ${text.length} characters, at most ${LIMITS.topicCharsMax} are allowed`);
  }
  if (CONTROL.test(text)) throw refused('it holds a control character');
}

/** Throws `invalid_argument`. */
export function requireCursorName(name: string): void {
  const isFine = name !== '' && name.length <= LIMITS.nameCharsMax && !CONTROL.test(name);
  if (isFine) return;
  throw new KernelError(
    'invalid_argument',
    `A durable subscription needs a name of 1 to ${LIMITS.nameCharsMax} characters without ` +
      'control characters (M10).',
    { details: { field: 'durable' } },
  );
}

const refused = (why: string): KernelError =>
  new KernelError('invalid_argument', `This is no topic: ${why} (M10).`, {
    details: { field: 'topic' },
  });
