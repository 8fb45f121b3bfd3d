// DeskAgent: what the desk's agents with a model have in common. Not registered by itself; see
// lead.ts and worker.ts.
//   Answers are streamed, so that whoever watches sees the tokens as they come, and a cancelled
//   task stops paying at once.
import { LLMAgent } from '@hivekernel/sdk';
import type { AskOptions } from '@hivekernel/sdk';
import { SYSTEM_PROMPT } from './prompts.ts';

export class DeskAgent extends LLMAgent {
  override get systemPrompt(): string {
    return SYSTEM_PROMPT;
  }

  override async ask(prompt: string, options: AskOptions = {}): Promise<string> {
    const pieces: string[] = [];
    for await (const piece of this.stream(prompt, options)) pieces.push(piece);
    return pieces.join('');
  }
}
