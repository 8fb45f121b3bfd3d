// One process's view of its pipe with another, in words: what tests of the kernel's pipes are
// written in. It knows the calls and no rule.

import type { Pid } from '@hivekernel/kernel';
import { expect } from 'vitest';
import { testKernel, type Caller, type TestKernel, type Ticket } from './test-kernel.ts';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const textOf = (chunk: Uint8Array): string => String.fromCharCode(...chunk);

export class PipeSide {
  readonly #t: TestKernel;
  readonly #from: Caller;
  readonly #pipe: { peer: Pid; name: string };

  constructor(t: TestKernel, who: { of: Pid; to: Pid; name?: string; channel?: string }) {
    this.#t = t;
    this.#from = { pid: who.of, ...(who.channel !== undefined && { channel: who.channel }) };
    this.#pipe = { peer: who.to, name: who.name ?? '' };
  }

  open(): string {
    return told(this.#t.call('open_pipe', this.#pipe, this.#from));
  }

  opened(): this {
    expect(this.open()).toBe('ok');
    return this;
  }

  write(what: string | Uint8Array, isPatient = true): Ticket<'write_pipe'> {
    const chunk = typeof what === 'string' ? bytesOf(what) : what;
    return this.#t.call('write_pipe', { ...this.#pipe, chunk, isPatient }, this.#from);
  }

  read({ max = 0, timeoutMs = 0 } = {}): Ticket<'read_pipe'> {
    return this.#t.call('read_pipe', { ...this.#pipe, max, timeoutMs }, this.#from);
  }

  close(isBoth = true): string {
    return told(this.#t.call('close_pipe', { ...this.#pipe, isBoth }, this.#from));
  }

  cancel(ticket: Ticket): void {
    this.#t.call('cancel', { call: ticket.ref }, this.#from);
  }

  /** Without waiting, until it is full. */
  fill(chunk: Uint8Array = bytesOf('x')): number {
    for (let n = 0; ; n += 1) if (told(this.write(chunk, false)) !== 'ok') return n;
  }
}

/** `ok`, the code of the refusal, or `waits`; of a read the chunks, and `.` for the end. */
export function told(ticket: Ticket): string {
  const { result } = ticket;
  if (result === undefined) return 'waits';
  if (!result.ok) return result.error.code;
  const { chunks, isEnd } = result.value as { chunks?: Uint8Array[]; isEnd?: boolean };
  if (chunks === undefined) return 'ok';
  return [...chunks.map(textOf), ...(isEnd === true ? ['.'] : [])].join(' ');
}

/** A lead and its worker; nothing is opened yet. */
export function pipeGround(name = '') {
  const t = testKernel();
  const lead = t.spawn({ name: 'lead', role: 'lead' });
  const worker = t.spawn({ name: 'worker', image: 'echo', restart: 'permanent' }, { pid: lead });
  const up = new PipeSide(t, { of: lead, to: worker, name });
  const down = new PipeSide(t, { of: worker, to: lead, name });
  const both = (): { up: PipeSide; down: PipeSide } => ({ up: up.opened(), down: down.opened() });
  return { t, lead, worker, up, down, both };
}
