// Worker: reads its share of the files, asks the model for quotes, checks each against the
// documents, and leaves them as an artifact. One task, one share; the lead kills it afterwards.
//   params: `share` and `aspects` (JSON), `findings` (the artifact's key).
import { imageOf } from '@hivekernel/sdk';
import type { Task, TaskContext, TaskOutput } from '@hivekernel/sdk';
import { DeskAgent } from './desk-agent.ts';
import type { DocumentFile } from './documents.ts';
import { checkFindings, parseFindings, wordsOf, writeFindings } from './findings.ts';
import type { CheckedFindings, Finding } from './findings.ts';
import { quotePrompt } from './prompts.ts';
import type { QuestionAndAspects } from './prompts.ts';
import { pack, readText } from './reading.ts';
import type { Passage } from './reading.ts';

export const WORKER_IMAGE = imageOf(import.meta.url, 'Worker');

/** Of a prompt; the answer and the instructions need little. */
const PROMPT_TOKENS_MAX = 20_000;
/** Share of the window that documents may take. */
const WINDOW_SHARE = 0.6;
/** Low on purpose: code and other languages need more tokens than English prose. */
const CHARS_PER_TOKEN = 3;
/** A share of more prompts is read where it speaks of the question. */
const PROMPTS_MAX = 12;

export class Worker extends DeskAgent {
  override async onTask(task: Task, ctx: TaskContext): Promise<TaskOutput> {
    const files = JSON.parse(task.params['share'] ?? '[]') as readonly DocumentFile[];
    const aspects = JSON.parse(task.params['aspects'] ?? '[]') as readonly string[];
    const asked = { question: task.description, aspects };
    await ctx.progress(0, `reading ${files.length} ${files.length === 1 ? 'file' : 'files'}`);
    const documents = await Promise.all(files.map(readPassage));
    const all = pack(documents, this.#promptChars(ctx));
    const prompts = mostTelling(all, asked);
    const { findings, dropped } = await this.#quote(asked, { prompts, documents }, ctx);
    const key = task.params['findings'] ?? `findings/${task.id}/${ctx.name}.md`;
    const text = writeFindings(`Findings of ${ctx.name}`, findings);
    const options = { visibility: 'subtree', contentType: 'text/markdown; charset=utf-8' } as const;
    const { id } = await ctx.artifacts.put(key, text, options);
    await ctx.progress(100, `${findings.length} quotes`);
    const { llm } = this;
    return {
      output: `${findings.length} quotes from ${files.length} files, stored as ${key}`,
      artifacts: { findings: id },
      metadata: {
        key,
        dropped,
        promptsLeftOut: all.length - prompts.length,
        model: llm.last?.model ?? '',
        provider: llm.last?.provider ?? '',
        simulated: llm.simulated,
        promptTokens: llm.promptTokens,
        completionTokens: llm.completionTokens,
        llmCalls: llm.calls,
      },
    };
  }

  async #quote(
    asked: QuestionAndAspects,
    material: { prompts: readonly Passage[][]; documents: readonly Passage[] },
    ctx: TaskContext,
  ): Promise<CheckedFindings> {
    const found: Finding[] = [];
    for (const [number, passages] of material.prompts.entries()) {
      const names = [...new Set(passages.map(({ name }) => name))].join(', ');
      await ctx.progress((100 * number) / material.prompts.length, `reading ${names}`);
      found.push(...parseFindings(await this.ask(quotePrompt(asked, passages)), asked.aspects));
    }
    return checkFindings(found, material.documents);
  }

  #promptChars(ctx: TaskContext): number {
    const windowTokens = ctx.limits.contextTokensMax ?? 0;
    const fitting = windowTokens > 0 ? windowTokens * WINDOW_SHARE : PROMPT_TOKENS_MAX;
    return Math.floor(Math.min(PROMPT_TOKENS_MAX, fitting) * CHARS_PER_TOKEN);
  }
}

async function readPassage(file: DocumentFile): Promise<Passage> {
  return { name: file.name, text: await readText(file) };
}

/** All of them when they are few; else those that share most words with the question. */
function mostTelling(prompts: Passage[][], asked: QuestionAndAspects): Passage[][] {
  if (prompts.length <= PROMPTS_MAX) return prompts;
  const wanted = wordsOf([asked.question, ...asked.aspects].join(' '));
  const score = (passages: readonly Passage[]): number => {
    const words = wordsOf(passages.map(({ text }) => text).join(' '));
    return [...wanted].filter((word) => words.has(word)).length;
  };
  const scored = prompts.map((passages, order) => ({ passages, order, score: score(passages) }));
  const best = scored
    .toSorted((a, b) => b.score - a.score || a.order - b.order)
    .slice(0, PROMPTS_MAX);
  return best.toSorted((a, b) => a.order - b.order).map(({ passages }) => passages);
}
