// Lead: surveys the documents, splits the question, has workers read the shares, combines what they
// found into a cited report and stores it. One task, one report.
//   params: `input` (paths, one a line), `artifact` (key of the report), `workers` (how many).
import { imageOf } from '@hivekernel/sdk';
import type { Task, TaskContext, TaskOutput } from '@hivekernel/sdk';
import { Delegation } from './delegation.ts';
import type { ShareRead } from './delegation.ts';
import { DeskAgent } from './desk-agent.ts';
import { collectDocuments, parseInputs } from './documents.ts';
import type { Collection, DocumentFile } from './documents.ts';
import type { Finding } from './findings.ts';
import { ASPECTS_MAX, PLAN_SCHEMA, planPrompt, reportPrompt, SYSTEM_PROMPT } from './prompts.ts';
import { outlineOf, readText } from './reading.ts';
import { slugOf, writeReport } from './report.ts';
import type { Gap, Spending } from './report.ts';
import { divide } from './shares.ts';

export const LEAD_IMAGE = imageOf(import.meta.url, 'Lead');

export const WORKERS_DEFAULT = 4;
export const WORKERS_MAX = 16;

const HEADINGS_PER_FILE = 8;
const OUTLINE_CHARS_MAX = 20_000;
/** Of the prompt that combines; a hundred workers' worth of quotes is more than a report needs. */
const FINDINGS_IN_REPORT_MAX = 120;
/** What of the way is behind the lead when a stage begins, in percent. */
const STAGE = { survey: 0, plan: 5, workers: 15, combine: 80, store: 95, done: 100 } as const;

interface Harvest {
  readonly shares: readonly ShareRead[];
  readonly gaps: readonly Gap[];
  readonly findings: readonly Finding[];
}

export class Lead extends DeskAgent {
  override async onTask(task: Task, ctx: TaskContext): Promise<TaskOutput> {
    const question = task.description;
    await ctx.progress(STAGE.survey, 'reading the list of files');
    const collection = await collectDocuments(parseInputs(task.params['input'] ?? ''));
    const { files } = collection;
    if (files.length === 0) {
      const left = collection.skipped.map(({ name, why }) => `${name} (${why})`).slice(0, 5);
      const output = `error: there is no text file to read: ${left.join(', ') || 'nothing there'}`;
      return { exitCode: 1, output };
    }
    const aspects = await this.#plan(question, files, ctx);
    const harvest = await this.#delegate({ question, aspects }, files, ctx);
    if (harvest.shares.length === 0) {
      const why = harvest.gaps[0]?.why ?? 'no worker could read its share';
      return { exitCode: 1, output: `error: nothing could be read: ${why}` };
    }
    await ctx.progress(STAGE.combine, `combining ${harvest.findings.length} quotes`);
    const answer = await this.#combine(question, harvest.findings);
    return this.#store({ question, answer, collection, harvest }, ctx);
  }

  async #plan(
    question: string,
    files: readonly DocumentFile[],
    ctx: TaskContext,
  ): Promise<readonly string[]> {
    await ctx.progress(STAGE.plan, `splitting the question over ${files.length} files`);
    const messages = [
      { role: 'user' as const, content: planPrompt(question, await outline(files)) },
    ];
    try {
      const format = { name: 'plan', schema: PLAN_SCHEMA };
      const plan = await this.llm.json(
        [{ role: 'system', content: SYSTEM_PROMPT }, ...messages],
        format,
      );
      const aspects = subquestionsOf(plan);
      if (aspects.length > 0) {
        await ctx.log.info(`split into ${aspects.length} sub-questions`, { aspects });
        return aspects;
      }
    } catch (error) {
      if (!isBadPlan(error)) throw error;
      await ctx.log.warn(`the plan cannot be read: ${error.message}`);
    }
    return [question];
  }

  async #delegate(
    asked: { question: string; aspects: readonly string[] },
    files: readonly DocumentFile[],
    ctx: TaskContext,
  ): Promise<Harvest> {
    const shares = divide(files, workersOf(ctx.task));
    let done = 0;
    const say = (): Promise<void> => {
      const percent = STAGE.workers + ((STAGE.combine - STAGE.workers) * done) / shares.length;
      return ctx.progress(percent, `${done} of ${shares.length} workers are done`);
    };
    const onShare = (): void => {
      done += 1;
      void say(); // never rejects
    };
    const delegation = new Delegation(ctx, { asked, runId: ctx.task.id, onShare });
    await say();
    try {
      const outcomes = await Promise.all(shares.map((share, i) => delegation.read(share, i + 1)));
      const read = outcomes.filter((outcome) => 'worker' in outcome);
      const gaps = outcomes.filter((outcome) => 'why' in outcome);
      return { shares: read, gaps, findings: inTurn(read.map(({ findings }) => findings)) };
    } finally {
      await delegation.stop();
    }
  }

  #combine(question: string, findings: readonly Finding[]): Promise<string> {
    if (findings.length === 0) return Promise.resolve('');
    return this.ask(reportPrompt(question, findings.slice(0, FINDINGS_IN_REPORT_MAX)));
  }

  async #store(
    made: { question: string; answer: string; collection: Collection; harvest: Harvest },
    ctx: TaskContext,
  ): Promise<TaskOutput> {
    const { question, answer, collection, harvest } = made;
    const { shares, gaps, findings } = harvest;
    const last = this.llm.last;
    const makers = [...shares.map(({ metadata }) => metadata), lastAnswer(last)];
    const spending = this.#spending(shares);
    const isSimulated = makers.some(({ simulated }) => simulated === 'true');
    const models = distinct(makers.map(({ model }) => model));
    const providers = distinct(makers.map(({ provider }) => provider));
    const report = writeReport({
      question,
      answer,
      findings,
      readers: new Map(
        shares.flatMap(({ worker, files }) => files.map(({ name }) => [name, worker])),
      ),
      files: collection.files,
      skipped: collection.skipped,
      gaps,
      dropped: sum(shares, 'dropped'),
      partsLeftOut: sum(shares, 'promptsLeftOut'),
      workers: shares.length,
      models,
      providers,
      isSimulated,
      spending,
    });
    const key = ctx.task.params['artifact'] || `reports/${slugOf(question)}.md`;
    await ctx.progress(STAGE.store, `storing ${key}`);
    const options = { visibility: 'global', contentType: 'text/markdown; charset=utf-8' } as const;
    const stored = await ctx.artifacts.put(key, report, options);
    await ctx.progress(STAGE.done, 'done');
    return {
      output: report,
      artifacts: { report: stored.id },
      metadata: {
        artifact: key,
        version: stored.version,
        sha256: stored.sha256,
        model: models.join(', '),
        provider: providers.join(', '),
        simulated: isSimulated,
        workers: shares.length,
        documents: collection.files.length,
        quotes: findings.length,
        gaps: gaps.length,
        ...spending,
      },
    };
  }

  #spending(shares: readonly ShareRead[]): Spending {
    return {
      promptTokens: this.llm.promptTokens + sum(shares, 'promptTokens'),
      completionTokens: this.llm.completionTokens + sum(shares, 'completionTokens'),
      llmCalls: this.llm.calls + sum(shares, 'llmCalls'),
    };
  }
}

/** `- name: heading; heading`, a line a file, as many as fit. */
async function outline(files: readonly DocumentFile[]): Promise<string> {
  const lines: string[] = [];
  let room = OUTLINE_CHARS_MAX;
  for (const file of files) {
    const headings = outlineOf(await readText(file), HEADINGS_PER_FILE);
    const line = `- ${file.name}: ${headings.join('; ')}`;
    room -= line.length;
    if (room < 0) break;
    lines.push(line);
  }
  return lines.join('\n');
}

function subquestionsOf(plan: unknown): string[] {
  const isObject = typeof plan === 'object' && plan !== null && 'subquestions' in plan;
  const given: unknown = isObject ? plan.subquestions : [];
  if (!Array.isArray(given)) return [];
  const texts = given.filter((one: unknown) => typeof one === 'string');
  const clean = texts.map((one) => one.replace(/\s+/g, ' ').trim()).filter((one) => one !== '');
  return [...new Set(clean)].slice(0, ASPECTS_MAX);
}

/** The model wrote no JSON: the question can be answered without a plan. */
function isBadPlan(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'data_loss';
}

function workersOf(task: Task): number {
  const asked = Number.parseInt(task.params['workers'] ?? '', 10);
  return asked > 0 ? Math.min(asked, WORKERS_MAX) : WORKERS_DEFAULT;
}

/** One of each list after the other, so that every worker's best findings come first. */
function inTurn<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  const rows = Array.from({ length: longest }, (_, row) =>
    lists.flatMap((list) => list.slice(row, row + 1)),
  );
  return rows.flat();
}

interface Maker {
  readonly [field: string]: string | undefined;
}

function lastAnswer(
  last: { model: string; provider: string; simulated: boolean } | undefined,
): Maker {
  if (last === undefined) return {};
  return { model: last.model, provider: last.provider, simulated: String(last.simulated) };
}

function distinct(values: readonly (string | undefined)[]): string[] {
  const words = values.filter((value): value is string => value !== undefined && value !== '');
  return [...new Set(words)].toSorted((a, b) => (a < b ? -1 : 1));
}

function sum(shares: readonly ShareRead[], field: string): number {
  return shares.reduce((total, { metadata }) => total + Number(metadata[field] ?? 0), 0);
}
