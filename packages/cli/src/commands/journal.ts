// `hive journal [SEL]`: the structured log of everything. Without a filter the kernel cuts it to
// the last n; with one it is read whole and cut here.

import type { FollowRequest, HiveClient, KernelEvent } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { usageError } from '../errors/cli-error.ts';
import { eventsOf } from '../journal/event-place.ts';
import { isAtLeast, pidsOf, toJournalItem } from '../journal/journal-item.ts';
import type { JournalItem } from '../journal/journal-item.ts';
import { journalLine } from '../journal/journal-line.ts';
import { readSince } from '../journal/since.ts';
import { LEVELS } from '../journal/told.ts';
import type { Level } from '../journal/told.ts';
import { untilSignal } from '../kernel/signals.ts';
import { countFlag } from '../output/human.ts';
import { csvRow, renderDocument } from '../output/listing.ts';
import { toYaml } from '../output/yaml.ts';
import { safeLine } from '../output/plain-text.ts';

const DEFAULT_LINES = 100;
const DEFAULT_LINES_FOLLOWED = 10;

interface JournalFlags {
  readonly follow?: boolean;
  readonly lines?: string;
  readonly priority?: string;
  readonly grep?: string;
  readonly since?: string;
  readonly afterCursor?: string;
  readonly volatile?: boolean;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('[selector]', 'an agent, or a subtree such as 42/')
    .option('-f, --follow', 'go on with what happens')
    .option('-n, --lines <n>', `the last n; "all" for everything (${DEFAULT_LINES})`)
    .option('-p, --priority <level>', 'at least debug, info, warn or error')
    .option('-g, --grep <regex>', 'only where kind or message match')
    .option('--since <time>', 'such as 10m, or 2026-11-22T14:00:00Z')
    .option('--after-cursor <seq>', 'only what has a higher seq')
    .option('--volatile', 'with -f: also progress and output, which are not kept')
    .addHelpText('after', EXAMPLES);
  bind(command, journal);
}

const EXAMPLES = `
Examples:
  hive journal -n 20
  hive journal research-desk/ -f
  hive journal -p warn --since 10m -o jsonl | jq -r .msg
`;

type Pick = (event: KernelEvent, item: JournalItem) => boolean;

async function journal(context: Context, command: Command): Promise<number> {
  const flags = command.opts<JournalFlags>();
  const client = await context.client();
  const place = await eventsOf(client, command.args[0]);
  const picks = picksOf(flags);
  if (place.pids !== undefined) {
    const { pids } = place;
    picks.push((event) => pidsOf(event).some((pid) => pids.has(pid)));
  }
  const linesMax = linesOf(flags);
  const stop = untilSignal();
  const request: FollowRequest = {
    follow: flags.follow ?? false,
    volatile: flags.volatile ?? false,
    signal: stop.signal,
    ...place.request,
    ...(flags.afterCursor === undefined
      ? {}
      : { afterSeq: countFlag('--after-cursor', flags.afterCursor) }),
    ...(picks.length === 0 && linesMax !== undefined ? { last: linesMax } : {}),
    onConnection: (isThere) =>
      context.terminal.note(isThere ? 'connected again' : 'the kernel is gone; waiting for it'),
  };
  const names = await namesOf(client);
  const printer = new Printer(context, names);
  try {
    await pump({ client, request, picks, linesMax, printer });
  } finally {
    stop.release();
    printer.end();
  }
  return stop.exitCode;
}

interface Pumping {
  readonly client: HiveClient;
  readonly request: FollowRequest;
  readonly picks: readonly Pick[];
  readonly linesMax: number | undefined;
  readonly printer: Printer;
}

/** With filters, what is there already is read whole before its last n are known. */
async function pump({ client, request, picks, linesMax, printer }: Pumping): Promise<void> {
  let live = request;
  if (picks.length > 0 && linesMax !== undefined) {
    const kept: JournalItem[] = [];
    let seq = request.afterSeq ?? 0;
    for await (const event of client.followEvents({ ...request, follow: false })) {
      seq = event.seq;
      printer.learnName(event);
      const item = toJournalItem(event);
      if (picks.every((pick) => pick(event, item))) kept.push(item);
      if (kept.length > linesMax) kept.shift();
    }
    for (const item of kept) await printer.print(item);
    if (request.follow !== true) return;
    live = { ...request, afterSeq: seq };
  }
  for await (const event of client.followEvents(live)) {
    printer.learnName(event);
    const item = toJournalItem(event);
    if (picks.every((pick) => pick(event, item))) await printer.print(item);
  }
}

function picksOf(flags: JournalFlags): Pick[] {
  const picks: Pick[] = [];
  const { priority, grep, since } = flags;
  if (priority !== undefined) {
    const least = readLevel(priority);
    picks.push((_, { level }) => isAtLeast(level, least));
  }
  if (grep !== undefined) {
    const pattern = readPattern(grep);
    picks.push((_, { kind, msg }) => pattern.test(kind) || pattern.test(msg));
  }
  if (since !== undefined) {
    const fromMs = readSince(since, Date.now());
    picks.push((event) => (event.journal?.wallMs ?? event.timestampMs) >= fromMs);
  }
  return picks;
}

function linesOf({ lines, follow = false, since, afterCursor }: JournalFlags): number | undefined {
  if (lines === 'all') return undefined;
  if (lines !== undefined) return lineCount(lines);
  if (since !== undefined || afterCursor !== undefined) return undefined;
  return follow ? DEFAULT_LINES_FOLLOWED : DEFAULT_LINES;
}

function lineCount(text: string): number {
  const count = countFlag('--lines', text);
  if (count > 0) return count;
  throw usageError('--lines wants a number from 1, or "all".');
}

function readLevel(word: string): Level {
  const level = word === 'warning' ? 'warn' : word;
  if ((LEVELS as readonly string[]).includes(level)) return level as Level;
  throw usageError(`--priority wants one of ${LEVELS.join(', ')}; got "${word}".`);
}

function readPattern(text: string): RegExp {
  try {
    return new RegExp(text, 'iu');
  } catch {
    throw usageError(`--grep wants a regular expression; got "${text}".`);
  }
}

async function namesOf(client: HiveClient): Promise<Map<number, string>> {
  const { agents } = await client.processes({ includeDead: true });
  return new Map(agents.map(({ pid, name }) => [pid, safeLine(name)]));
}

const CSV_KEYS = ['seq', 'at', 'level', 'kind', 'pid', 'msg'] as const;

/** One item at a time, so that a stream is a stream; a JSON document only at the end. */
class Printer {
  readonly #context: Context;
  readonly #names: Map<number, string>;
  readonly #items: JournalItem[] = [];

  constructor(context: Context, names: Map<number, string>) {
    this.#context = context;
    this.#names = names;
    if (context.format === 'csv') context.terminal.out(csvRow(CSV_KEYS));
  }

  async print(item: JournalItem): Promise<void> {
    const { terminal } = this.#context;
    const text = this.#textOf(item);
    if (text === undefined) this.#items.push(item);
    else if (!terminal.out(text)) await terminal.drained();
  }

  end(): void {
    const { terminal, format } = this.#context;
    const items = this.#items;
    if (format === 'json') {
      const cursor = String(items.at(-1)?.seq ?? 0);
      terminal.out(renderDocument('EventList', { items, cursor }, format));
    }
    if (format === 'yaml') terminal.out(toYaml({ apiVersion: 'v1', kind: 'EventList', items }));
  }

  #textOf(item: JournalItem): string | undefined {
    const { terminal, format } = this.#context;
    if (format === 'json' || format === 'yaml') return undefined;
    if (format === 'jsonl') return `${JSON.stringify(item)}\n`;
    if (format === 'name') return `${item.seq ?? '-'}\n`;
    if (format === 'csv') return csvRow(CSV_KEYS.map((key) => item[key]));
    const nameOf = (pid: number): string | undefined => this.#names.get(pid);
    return `${journalLine(item, { paint: terminal.outPaint, nameOf })}\n`;
  }

  /** Also of events that are not printed: who is born in one is named in others. */
  learnName({ journal }: KernelEvent): void {
    if (journal?.kind !== 'process.spawned') return;
    const { pid, spec } = journal.body as { pid?: unknown; spec?: { name?: unknown } };
    if (typeof pid === 'number' && typeof spec?.name === 'string') {
      this.#names.set(pid, safeLine(spec.name));
    }
  }
}
