// LLMAgent: an agent with a model. The system prompt and the model come from its configuration; the
// model is reached through the kernel, which keeps the keys and the budget.
//   Without an `onTask` of its own it answers the task's description.
import { Agent, BIND_CONTEXT } from '../agent.ts';
import type { BindsContext } from '../agent.ts';
import type { Context, TaskContext } from '../context/context.ts';
import { HiveError } from '../hive-error.ts';
import type { Task, TaskOutput } from '../task.ts';
import type { ChatMessage, ChatResult } from './chat.ts';
import type { Conversation } from './conversation.ts';
import { LLMClient } from './llm-client.ts';
import type { ChatOptions } from './llm-client.ts';

export interface AskOptions extends ChatOptions {
  /** Instead of the configured one; an empty text leaves it out. */
  readonly system?: string | undefined;
}

export class LLMAgent extends Agent implements BindsContext {
  /** Set to a `new Conversation(n)` to let `ask` remember the last n exchanges. Default: none. */
  protected conversation: Conversation | undefined;
  #llm: LLMClient | undefined;
  #systemPrompt = '';

  [BIND_CONTEXT](ctx: Context): void {
    const model = ctx.model === '' ? undefined : ctx.model;
    this.#llm = new LLMClient({ model, env: { ...process.env, ...ctx.env } });
    this.#systemPrompt = ctx.config.systemPrompt;
  }

  /** The client behind `ask`: its counters are those of this agent. */
  get llm(): LLMClient {
    if (this.#llm === undefined) {
      throw new HiveError('wrong_state', 'The model is known once the kernel started the agent.');
    }
    return this.#llm;
  }

  /** What the model is told first; the process's configuration unless a subclass says otherwise. */
  get systemPrompt(): string {
    return this.#systemPrompt;
  }

  /** What `conversation` remembers. */
  override onDump(_ctx: Context): unknown {
    return this.conversation && { conversation: this.conversation.exchanges };
  }

  override onTask(task: Task, _ctx: TaskContext): TaskOutput | Promise<TaskOutput> {
    return this.ask(task.description);
  }

  /** The model's text to one prompt, with the system prompt and what `conversation` remembers. */
  async ask(prompt: string, options: AskOptions = {}): Promise<string> {
    const { system, ...rest } = options;
    const { text } = await this.llm.chat(this.#messages(prompt, system), rest);
    this.conversation?.add({ prompt, answer: text });
    return text;
  }

  /** One answer to these messages; the system prompt is put in front unless they bring one. */
  chat(messages: readonly ChatMessage[], options: AskOptions = {}): Promise<ChatResult> {
    const { system, ...rest } = options;
    const hasSystem = messages.some(({ role }) => role === 'system');
    return this.llm.chat(hasSystem ? messages : [...this.#system(system), ...messages], rest);
  }

  /** Like `ask`, piece by piece. Remembered once it came to its end. */
  async *stream(prompt: string, options: AskOptions = {}): AsyncGenerator<string, ChatResult> {
    const { system, ...rest } = options;
    const result = yield* this.llm.stream(this.#messages(prompt, system), rest);
    this.conversation?.add({ prompt, answer: result.text });
    return result;
  }

  #messages(prompt: string, system: string | undefined): ChatMessage[] {
    const remembered = this.conversation?.messages() ?? [];
    return [...this.#system(system), ...remembered, { role: 'user', content: prompt }];
  }

  #system(system: string | undefined): ChatMessage[] {
    const content = system ?? this.systemPrompt;
    return content === '' ? [] : [{ role: 'system', content }];
  }
}
