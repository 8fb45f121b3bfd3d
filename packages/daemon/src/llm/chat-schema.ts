// The door's check of a chat request: the fields that we know must be right, the others pass on
// untouched to the provider. Loaded at the first request, since zod costs a third of the boot.

import { KernelError } from '@hivekernel/kernel';
import { z } from 'zod';
import type { ChatRequest } from './chat.ts';
import { LLM_LIMITS } from './llm-limits.ts';

const TOKENS_MAX = 100_000_000;
const STOPS_MAX = 16;

const part = z.looseObject({ type: z.string(), text: z.string().optional() });

const toolCall = z.looseObject({
  id: z.string(),
  type: z.literal('function').default('function'),
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
});

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z.union([z.string(), z.array(part), z.null()]).optional(),
  name: z.string().optional(),
  tool_calls: z.array(toolCall).max(LLM_LIMITS.toolsMax).optional(),
  tool_call_id: z.string().optional(),
});

const schemaObject = z.record(z.string(), z.unknown());

const tool = z.looseObject({
  type: z.string(),
  function: z
    .looseObject({
      name: z.string().min(1),
      description: z.string().optional(),
      parameters: schemaObject.optional(),
    })
    .optional(),
});

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.looseObject({
    type: z.string(),
    function: z.looseObject({ name: z.string() }).optional(),
  }),
]);

const responseFormat = z.looseObject({
  type: z.enum(['text', 'json_object', 'json_schema']),
  json_schema: z
    .looseObject({ name: z.string().optional(), schema: schemaObject.optional() })
    .optional(),
});

const tokens = z.number().int().min(1).max(TOKENS_MAX);

const request = z.looseObject({
  model: z.string().default(''),
  messages: z.array(message).min(1).max(LLM_LIMITS.messagesMax),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: tokens.nullish(),
  max_completion_tokens: tokens.nullish(),
  n: z.number().int().min(1).max(LLM_LIMITS.choicesMax).nullish(),
  seed: z.number().int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(STOPS_MAX)]).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  tools: z.array(tool).max(LLM_LIMITS.toolsMax).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: responseFormat.nullish(),
});

/** Throws `invalid_argument`; `details.param` is the path of the first field that is wrong. */
export function parseChatRequest(body: unknown): ChatRequest {
  const result = request.safeParse(body);
  if (!result.success) throw refusal(result.error);
  // A null means the same as a field that is not there.
  const kept = Object.entries(result.data).filter(([, value]) => value !== null);
  return Object.fromEntries(kept) as ChatRequest;
}

function refusal(error: z.ZodError): KernelError {
  const [issue] = error.issues;
  const param = issue?.path.map(String).join('.') ?? '';
  const where = param === '' ? 'the request' : `'${param}'`;
  return new KernelError('invalid_argument', `Bad value for ${where}: ${issue?.message ?? '?'}.`, {
    details: { param },
  });
}
