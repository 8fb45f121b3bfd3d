// Followers of GET /v1/events as load: they count lines and look at no more than they must, so that
// what is measured is the kernel.

import { request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';

export interface EventDoor {
  readonly url: string;
  readonly token: string;
  /** HOST:PORT of SubscribeEvents. */
  readonly grpcAddress: string;
}

const NEWLINE = 0x0a;

export class EventReader {
  readonly #request: ClientRequest;
  readonly #onLine: ((line: string) => void) | undefined;
  #lines = 0;
  #tail = '';
  #wanted: { readonly lines: number; readonly resolve: () => void } | undefined;
  readonly #ended = Promise.withResolvers<undefined>();

  private constructor(sent: ClientRequest, onLine: ((line: string) => void) | undefined) {
    this.#request = sent;
    this.#onLine = onLine;
  }

  /** Resolves when the kernel has begun to answer. */
  static async open(
    door: EventDoor,
    query: string,
    onLine?: (line: string) => void,
  ): Promise<EventReader> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = { authorization: `Bearer ${door.token}` };
    const sent = request(`${door.url}/v1/events?format=jsonl&${query}`, { headers, agent: false });
    sent.once('response', resolve).once('error', reject).end();
    const reader = new EventReader(sent, onLine);
    const response = await promise;
    if (response.statusCode !== 200) throw new Error(`events: HTTP ${response.statusCode}`);
    response.on('data', (chunk: Buffer) => reader.#take(chunk));
    response.once('close', () => reader.#ended.resolve(undefined));
    response.on('error', () => undefined);
    return reader;
  }

  /** Resolves when so many lines came. */
  async has(lines: number): Promise<void> {
    if (this.#lines >= lines) return;
    await new Promise<void>((resolve) => (this.#wanted = { lines, resolve }));
  }

  /** Resolves with how many lines there were. */
  async end(): Promise<number> {
    await this.#ended.promise;
    return this.#lines;
  }

  close(): void {
    this.#request.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#onLine === undefined) this.#count(chunk);
    else this.#split(chunk.toString(), this.#onLine);
    if (this.#wanted !== undefined && this.#lines >= this.#wanted.lines) this.#wanted.resolve();
  }

  #count(chunk: Buffer): void {
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) {
      this.#lines += 1;
    }
  }

  #split(text: string, onLine: (line: string) => void): void {
    const lines = (this.#tail + text).split('\n');
    this.#tail = lines.pop() ?? '';
    this.#lines += lines.length;
    for (const line of lines) onLine(line);
  }
}

/** Asks for everything and reads nothing. */
export function openDeafReader({ url, token }: EventDoor): Socket {
  const { hostname, port, host } = new URL(url);
  const socket = createConnection({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined);
  socket.pause();
  const head = [`GET /v1/events HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${token}`];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  return socket;
}
