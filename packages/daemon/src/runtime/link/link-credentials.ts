// What proves that a connection is the process that we started (D6). The start token is good once;
// each Hello reply hands out a resume secret, of which only the hash is kept. The one before it
// stays good until the new one was used: the reply that carried the new one may have been lost.

import type { link } from '@hivekernel/protocol';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 32;

export class LinkCredentials {
  /** For fd 3, once. */
  readonly startToken = newSecret();
  readonly #startHash = hashOf(this.startToken);
  #isSpent = false;
  #current: Buffer | undefined;
  #previous: Buffer | undefined;

  /** Undefined: admitted. Otherwise why not, in words that give nothing away. */
  check(hello: link.Hello): string | undefined {
    if (hello.resumeSecret !== '') return this.#checkResume(hashOf(hello.resumeSecret));
    const isRight = timingSafeEqual(hashOf(hello.startToken), this.#startHash);
    if (!isRight) return 'the start token is not that of this process';
    if (this.#isSpent) return 'the start token was used already';
    this.#isSpent = true;
    return undefined;
  }

  /** A new secret for the Hello reply. */
  issueResumeSecret(): string {
    const secret = newSecret();
    this.#previous = this.#current;
    this.#current = hashOf(secret);
    return secret;
  }

  #checkResume(hash: Buffer): string | undefined {
    if (this.#current !== undefined && timingSafeEqual(hash, this.#current)) return undefined;
    const isPrevious = this.#previous !== undefined && timingSafeEqual(hash, this.#previous);
    // Its holder never saw the newer one, which is of no use to anybody then.
    if (isPrevious) this.#current = this.#previous;
    return isPrevious ? undefined : 'the resume secret is not that of this process';
  }
}

const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');

/** Also makes texts of any length comparable in constant time. */
const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();
