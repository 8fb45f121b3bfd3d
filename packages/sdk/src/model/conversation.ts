// What was said so far, bounded: the oldest exchanges go first. Not durable: it ends with the
// process, unless its agent saves it in onShutdown.
import type { ChatMessage } from './chat.ts';

export interface Exchange {
  readonly prompt: string;
  readonly answer: string;
}

export class Conversation {
  readonly exchangesMax: number;
  #exchanges: Exchange[] = [];

  /** Keeps the newest `exchangesMax` pairs of prompt and answer; 0 keeps none. */
  constructor(exchangesMax: number) {
    this.exchangesMax = exchangesMax;
  }

  get exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }

  add(exchange: Exchange): void {
    this.#exchanges.push(exchange);
    if (this.#exchanges.length > this.exchangesMax) this.#exchanges.shift();
  }

  forget(): void {
    this.#exchanges = [];
  }

  messages(): ChatMessage[] {
    return this.#exchanges.flatMap(({ prompt, answer }) => [
      { role: 'user' as const, content: prompt },
      { role: 'assistant' as const, content: answer },
    ]);
  }
}
