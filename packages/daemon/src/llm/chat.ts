// The vocabulary of the seam: chat completions in OpenAI's terms, the part of them that the
// gateway and the simulated model read. Fields that are not named here are passed on to a real
// provider as they came. Not the validation (chat-schema.ts) and not the transport.

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

/** An image, a file, audio: opaque to us, passed on. */
export interface OtherPart {
  readonly type: string;
  readonly [field: string]: unknown;
}

export type ContentPart = TextPart | OtherPart;

export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface ChatMessage {
  readonly role: string;
  readonly content?: string | readonly ContentPart[] | null | undefined;
  readonly name?: string | undefined;
  readonly tool_calls?: readonly ToolCall[] | undefined;
  readonly tool_call_id?: string | undefined;
  readonly [field: string]: unknown;
}

export interface ToolOffer {
  readonly type: string;
  readonly function?:
    | {
        readonly name: string;
        readonly description?: string | undefined;
        readonly parameters?: JsonSchema | undefined;
      }
    | undefined;
  readonly [field: string]: unknown;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

export type ToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | { readonly type: string; readonly function?: { readonly name: string } | undefined };

export interface ResponseFormat {
  readonly type: string;
  readonly json_schema?:
    { readonly name?: string | undefined; readonly schema?: JsonSchema | undefined } | undefined;
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly stream?: boolean | undefined;
  readonly stream_options?: { readonly include_usage?: boolean | undefined } | undefined;
  readonly max_tokens?: number | undefined;
  readonly max_completion_tokens?: number | undefined;
  readonly n?: number | undefined;
  readonly seed?: number | undefined;
  readonly stop?: string | readonly string[] | undefined;
  readonly tools?: readonly ToolOffer[] | undefined;
  readonly tool_choice?: ToolChoice | undefined;
  readonly parallel_tool_calls?: boolean | undefined;
  readonly response_format?: ResponseFormat | undefined;
  readonly [field: string]: unknown;
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly [field: string]: unknown;
}

export interface ToolCallDelta {
  readonly index: number;
  readonly id?: string | undefined;
  readonly type?: string | undefined;
  readonly function?:
    { readonly name?: string | undefined; readonly arguments?: string | undefined } | undefined;
}

export interface Delta {
  readonly role?: string | undefined;
  readonly content?: string | null | undefined;
  readonly tool_calls?: readonly ToolCallDelta[] | undefined;
  readonly [field: string]: unknown;
}

export interface ChunkChoice {
  readonly index: number;
  readonly delta: Delta;
  readonly finish_reason?: string | null | undefined;
  readonly [field: string]: unknown;
}

/** Who answered. Added to the last chunk of a stream and to a whole answer. */
export interface HiveMark {
  readonly provider: string;
  readonly simulated: boolean;
  /** The usage beside it is our count: the provider reported none. */
  readonly estimated?: boolean | undefined;
}

/** One piece of an answer. An answer that was not streamed is one chunk that holds all of it. */
export interface ChatChunk {
  readonly id: string;
  readonly object: 'chat.completion.chunk';
  readonly created: number;
  readonly model: string;
  readonly choices: readonly ChunkChoice[];
  readonly usage?: Usage | null | undefined;
  readonly hive?: HiveMark | undefined;
  readonly [field: string]: unknown;
}

export interface CompletionChoice {
  readonly index: number;
  readonly message: {
    readonly role: string;
    readonly content: string | null;
    readonly tool_calls?: readonly ToolCall[] | undefined;
    readonly [field: string]: unknown;
  };
  readonly finish_reason: string | null;
  readonly [field: string]: unknown;
}

export interface ChatCompletion {
  readonly id: string;
  readonly object: 'chat.completion';
  readonly created: number;
  readonly model: string;
  readonly choices: readonly CompletionChoice[];
  readonly usage: Usage;
  readonly hive?: HiveMark | undefined;
  readonly [field: string]: unknown;
}

export interface ModelInfo {
  readonly id: string;
  readonly ownedBy: string;
}

/** The text of a message, its text parts joined; other parts are not read. */
export function textOf(message: ChatMessage): string {
  const { content } = message;
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return (content as readonly ContentPart[])
    .map((part) => (part.type === 'text' && typeof part['text'] === 'string' ? part['text'] : ''))
    .join('');
}
