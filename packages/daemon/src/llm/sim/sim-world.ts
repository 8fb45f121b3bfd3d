// For tests of the simulated model: a few documents, and a call in one line.
// The documents hold what must not be quoted (code, tables) beside what should be.

import type { ChatChunk, ChatCompletion, ChatRequest } from '../chat.ts';
import { CompletionFold } from '../completion.ts';
import { SimProvider } from './sim-provider.ts';
import type { SimOptions } from './sim-provider.ts';
import type { Document } from './sentences.ts';

export const CRASH: Document = {
  name: 'docs/crash.md',
  text: `# Life of a crash

Intro text that nobody asked about stands here first.

## When an agent dies

The supervisor decides by its restart rule what happens to a crashed agent. Children, budget and
mailbox stay with the pid of the agent, e.g. its queued messages.

\`\`\`ts
const crash = 'The supervisor restarts nothing inside a code fence of this document.';
\`\`\`

| rule | meaning of the crash rule in this table |
| ---- | --------------------------------------- |
| one  | the supervisor of tables says nothing here |

## When the kernel dies

- The journal is replayed from the last snapshot after a crash of the kernel.
- Agents end within two seconds when the kernel dies!
`,
};

export const BUDGETS: Document = {
  name: 'docs/budgets.md',
  text: `Budgets
=======

A budget is refused before a byte goes out to the provider. [docs/origin.md] The tokens of a
simulated model are never mixed with paid ones.

> A quoted remark about the crash of a budget
> goes on over two lines of the text.
`,
};

export function tagged(...documents: readonly Document[]): string {
  return documents
    .map(({ name, text }) => `<document name="${name}">\n${text}\n</document>`)
    .join('\n\n');
}

export function user(content: string): ChatRequest['messages'] {
  return [{ role: 'user', content }];
}

export async function chunksOf(
  request: Partial<ChatRequest>,
  options: SimOptions & { signal?: AbortSignal } = {},
): Promise<ChatChunk[]> {
  const provider = new SimProvider({
    firstTokenMs: 0,
    tokensPerSecond: 0,
    ...options,
  });
  const signal = options.signal ?? new AbortController().signal;
  const chunks: ChatChunk[] = [];
  const whole = { model: 'sim/mini', messages: [], ...request };
  for await (const chunk of provider.complete(whole, signal)) chunks.push(chunk);
  return chunks;
}

export async function answerTo(
  request: Partial<ChatRequest>,
  options: SimOptions = {},
): Promise<ChatCompletion> {
  const fold = new CompletionFold();
  const chunks = await chunksOf(request, options);
  for (const chunk of chunks) fold.add(chunk);
  const usage = chunks.findLast((chunk) => chunk.usage != null)?.usage;
  return fold.done({
    usage: usage ?? { prompt_tokens: -1, completion_tokens: -1, total_tokens: -1 },
    hive: { provider: 'sim', simulated: true },
  });
}

export async function textTo(
  request: Partial<ChatRequest>,
  options: SimOptions = {},
): Promise<string> {
  return (await answerTo(request, options)).choices[0]?.message.content ?? '';
}

/** `“quote” [source]`, wherever it stands. */
export function quotesIn(text: string): { quote: string; source: string }[] {
  return [...text.matchAll(/“([^”]+)”(?: \[([^\]]+)\])?/g)].map((match) => ({
    quote: match[1] ?? '',
    source: match[2] ?? '',
  }));
}

export const flat = (text: string): string => text.replace(/\s*\n>?\s*/g, ' ');
