// The child of the pipe scenes (pipe-scenes.ts): a task is one act at its end of a pipe, and its
// answer what came of it, or the code of the refusal. `keep`: its side stays open for the next act.

import { createHash } from 'node:crypto';
import { Agent, HiveError, type Pipe, type Task, type TaskContext } from '@hivekernel/sdk';

type Act = (pipe: Pipe, params: Task['params'], ctx: TaskContext) => string | Promise<string>;

const ACTS: Readonly<Record<string, Act>> = {
  open: () => 'opened',
  text: (pipe) => pipe.text(),
  async echo(pipe) {
    for await (const chunk of pipe) await pipe.write(`${textOf(chunk)}!`);
    await pipe.end();
    return 'echoed';
  },
  async lines(pipe) {
    const lines: string[] = [];
    for await (const line of pipe.lines()) lines.push(line);
    return lines.join('|');
  },
  /** Of so many bytes, or of all. */
  async hash(pipe, { bytes = 'Infinity' }) {
    const hash = createHash('sha256');
    let read = 0;
    for await (const chunk of pipe) {
      hash.update(chunk);
      read += chunk.length;
      if (read >= Number(bytes)) break;
    }
    return `${read} ${hash.digest('hex')}`;
  },
  async write(pipe, { text = 'written', end = 'no' }) {
    await pipe.write(text);
    if (end === 'yes') await pipe.end();
    return 'written';
  },
  async read(pipe) {
    const chunk = await pipe.read();
    return chunk === undefined ? '.' : textOf(chunk);
  },
};

export class PipeChild extends Agent {
  readonly #open = new Map<string, Pipe>();

  override async onTask({ description, params }: Task, ctx: TaskContext): Promise<string> {
    const { pipe: name = '', keep = 'no' } = params;
    try {
      const pipe = this.#open.get(name) ?? (await ctx.pipe(ctx.ppid, { name }));
      this.#open.set(name, pipe);
      const answer = await (ACTS[description] as Act)(pipe, params, ctx);
      if (keep === 'yes') return answer;
      this.#open.delete(name);
      await pipe.close();
      return answer;
    } catch (error) {
      if (error instanceof HiveError) return error.code;
      throw error;
    }
  }
}

const textOf = (chunk: Uint8Array): string => new TextDecoder().decode(chunk);
