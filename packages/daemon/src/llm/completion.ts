// Folds the chunks of an answer into one whole completion, as the API gives it to those who do not
// stream. Fields that we do not know survive: texts are joined, anything else is the last one seen.

import { KernelError } from '@hivekernel/kernel';
import type {
  ChatChunk,
  ChatCompletion,
  ChunkChoice,
  CompletionChoice,
  HiveMark,
  ToolCall,
  ToolCallDelta,
  Usage,
} from './chat.ts';

interface CallDraft {
  id: string;
  name: string;
  arguments: string;
}

interface ChoiceDraft {
  readonly message: Record<string, unknown>;
  readonly rest: Record<string, unknown>;
  readonly calls: Map<number, CallDraft>;
  finishReason: string | null;
}

export class CompletionFold {
  readonly #choices = new Map<number, ChoiceDraft>();
  #first: ChatChunk | undefined;
  #extra: Record<string, unknown> = {};

  add(chunk: ChatChunk): void {
    this.#first ??= chunk;
    const { id: _, object: _o, created: _c, model: _m, choices, usage: _u, ...rest } = chunk;
    this.#extra = { ...this.#extra, ...rest };
    for (const choice of choices) this.#addChoice(choice);
  }

  /** Throws `unavailable` when nothing was added. */
  done(end: { usage: Usage; hive: HiveMark }): ChatCompletion {
    const first = this.#first;
    if (first === undefined) throw new KernelError('unavailable', 'The model gave no answer.');
    return {
      ...this.#extra,
      id: first.id,
      object: 'chat.completion',
      created: first.created,
      model: first.model,
      choices: [...this.#choices]
        .sort(([a], [b]) => a - b)
        .map(([index, draft]) => finished(index, draft)),
      usage: end.usage,
      hive: end.hive,
    };
  }

  #addChoice(choice: ChunkChoice): void {
    const { index, delta, finish_reason: finishReason, ...rest } = choice;
    let draft = this.#choices.get(index);
    if (draft === undefined) {
      draft = { message: {}, rest: {}, calls: new Map(), finishReason: null };
      this.#choices.set(index, draft);
    }
    const { tool_calls: calls, ...fields } = delta;
    for (const [name, value] of Object.entries(fields)) joinField(draft.message, name, value);
    for (const call of calls ?? []) joinCall(draft.calls, call);
    Object.assign(draft.rest, rest);
    draft.finishReason = finishReason ?? draft.finishReason;
  }
}

function joinField(message: Record<string, unknown>, name: string, value: unknown): void {
  const before = message[name];
  const joins = name !== 'role' && typeof before === 'string' && typeof value === 'string';
  if (joins) message[name] = before + value;
  else if (value !== null || before === undefined) message[name] = value;
}

function joinCall(calls: Map<number, CallDraft>, delta: ToolCallDelta): void {
  const draft = calls.get(delta.index) ?? { id: '', name: '', arguments: '' };
  draft.id ||= delta.id ?? '';
  draft.name ||= delta.function?.name ?? '';
  draft.arguments += delta.function?.arguments ?? '';
  calls.set(delta.index, draft);
}

function finished(index: number, draft: ChoiceDraft): CompletionChoice {
  const calls: ToolCall[] = [...draft.calls]
    .sort(([a], [b]) => a - b)
    .map(([, call]) => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.arguments },
    }));
  const { role, content, ...rest } = draft.message;
  return {
    ...draft.rest,
    index,
    message: {
      ...rest,
      role: typeof role === 'string' ? role : 'assistant',
      content: typeof content === 'string' ? content : null,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    },
    finish_reason: draft.finishReason,
  };
}
