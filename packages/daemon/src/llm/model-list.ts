// The answer of `GET /models`, as the various servers write it.
// What is no such list is told apart from an empty one: a probe must not take any server for a
// model server.

import type { ModelInfo } from './chat.ts';
import { LLM_LIMITS } from './llm-limits.ts';

/** Undefined: this is not a list of models. An empty list is one (`data` null or empty). */
export function parseModelList(body: string): ModelInfo[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  const rows = rowsOf(parsed);
  if (rows === undefined) return undefined;
  const models: ModelInfo[] = [];
  for (const row of rows.slice(0, LLM_LIMITS.modelsListedMax)) {
    if (typeof row !== 'object' || row === null) return undefined;
    const { id, owned_by: owner } = row as Record<string, unknown>;
    if (typeof id !== 'string' || id === '') return undefined;
    models.push({ id, ownedBy: typeof owner === 'string' ? owner : '' });
  }
  return models;
}

function rowsOf(parsed: unknown): readonly unknown[] | undefined {
  if (Array.isArray(parsed)) return parsed as readonly unknown[];
  if (typeof parsed !== 'object' || parsed === null || !('data' in parsed)) return undefined;
  const { data } = parsed;
  if (Array.isArray(data)) return data as readonly unknown[];
  return data === null && (parsed as Record<string, unknown>)['object'] === 'list' ? [] : undefined;
}

const NOT_FOR_CHAT = /embed|rerank|whisper|tts|moderation|dall-e|clip/i;

/** The one that stands for all aliases at a server that does not have theirs. */
export function firstChatModel(models: readonly ModelInfo[]): string | undefined {
  return (models.find((model) => !NOT_FOR_CHAT.test(model.id)) ?? models[0])?.id;
}
