// Asks one process what it knows of itself, for a dump (S1, USR1). An answer is JSON, or the
// sentence why there is none: the kernel's own part must not wait for an agent that hangs.
//   One question is under way at a time: who does not answer is not asked again and again.

import { RUNTIME_LIMITS } from '../runtime-limits.ts';
import type { AgentLink } from '../link/agent-link.ts';
import { isDoneWithin } from '../race-signal.ts';

const MS_PER_SECOND = 1_000;

/** JSON in the place of the agent's own. */
export const noDump = (error: string): string => JSON.stringify({ error });

export class DumpDesk {
  readonly #link: Pick<AgentLink, 'request' | 'isAttached'>;
  readonly #withinMs: number;
  /** Never rejects. */
  #answer: Promise<string> | undefined;

  constructor(options: {
    link: Pick<AgentLink, 'request' | 'isAttached'>;
    /** Default: `RUNTIME_LIMITS.dumpAnswerMs`. */
    withinMs?: number;
  }) {
    this.#link = options.link;
    this.#withinMs = options.withinMs ?? RUNTIME_LIMITS.dumpAnswerMs;
  }

  /** JSON. Never rejects. */
  async ask(): Promise<string> {
    if (!this.#link.isAttached) return noDump('it is not connected');
    this.#answer ??= this.#request().finally(() => {
      this.#answer = undefined;
    });
    const answer = this.#answer;
    if (await isDoneWithin(answer, this.#withinMs)) return answer;
    return noDump(`it did not answer within ${this.#withinMs / MS_PER_SECOND} s`);
  }

  async #request(): Promise<string> {
    try {
      const { json } = await this.#link.request('dump', {});
      return checked(json);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return noDump(`it gave no answer: ${why}`);
    }
  }
}

/** Kept as it came: written anew it could grow beyond every bound. */
function checked(json: string): string {
  const bytes = Buffer.byteLength(json);
  const most = RUNTIME_LIMITS.dumpBytesMax;
  if (bytes > most) return noDump(`it answered with ${bytes} bytes, at most ${most} are kept`);
  try {
    JSON.parse(json);
    return json;
  } catch {
    return noDump('it answered with something that is not JSON');
  }
}
