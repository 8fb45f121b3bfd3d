// The vocabulary of model calls: what goes to the endpoint and what comes back, in OpenAI's terms
// made comfortable. No transport here.

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text, as the model wrote it. */
  readonly arguments: string;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  /** Of an assistant's message: what it asked for. */
  readonly toolCalls?: readonly ToolCall[] | undefined;
  /** Of a tool's message: which call it answers. */
  readonly toolCallId?: string | undefined;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface ToolOffer {
  readonly name: string;
  readonly description?: string | undefined;
  readonly parameters?: JsonSchema | undefined;
}

export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  /** Default: the client's model. */
  readonly model?: string | undefined;
  readonly tools?: readonly ToolOffer[] | undefined;
  readonly toolChoice?: 'none' | 'auto' | 'required' | { readonly name: string } | undefined;
  /** The answer is JSON that fits this schema. */
  readonly responseFormat?: { readonly name: string; readonly schema: JsonSchema } | undefined;
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly seed?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  /** Passed on to the endpoint as they are. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
}

export interface ChatResult {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  /** `stop`, `length`, `tool_calls` …, as the endpoint says it. */
  readonly finishReason: string;
  readonly usage: TokenUsage;
  /** The model that answered, which may differ from the one asked for. */
  readonly model: string;
  /** Who served it; empty when the endpoint does not say. */
  readonly provider: string;
  /** True when the kernel's simulated model answered. */
  readonly simulated: boolean;
}

/** Part of the request as the endpoint wants it. */
export type WireRequest = Readonly<Record<string, unknown>>;

function messageToWire(message: ChatMessage): WireRequest {
  return {
    role: message.role,
    content: message.content,
    ...(message.toolCallId !== undefined && { tool_call_id: message.toolCallId }),
    ...(message.toolCalls !== undefined && {
      tool_calls: message.toolCalls.map((call) => ({
        id: call.id,
        type: 'function',
        function: { name: call.name, arguments: call.arguments },
      })),
    }),
  };
}

function toolChoiceToWire(choice: ChatRequest['toolChoice']): unknown {
  return typeof choice === 'object' ? { type: 'function', function: choice } : choice;
}

/** Fields that are `undefined` vanish when it is written as JSON. */
export function requestToWire(request: ChatRequest, model: string): WireRequest {
  const { responseFormat } = request;
  return {
    ...request.extra,
    model: request.model ?? model,
    messages: request.messages.map(messageToWire),
    tools: request.tools?.map((tool) => ({ type: 'function', function: tool })),
    tool_choice: toolChoiceToWire(request.toolChoice),
    response_format: responseFormat && {
      type: 'json_schema',
      json_schema: { ...responseFormat, strict: true },
    },
    max_tokens: request.maxTokens,
    temperature: request.temperature,
    seed: request.seed,
    stop: request.stop,
  };
}
