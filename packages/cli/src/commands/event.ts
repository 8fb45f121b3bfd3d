// `hive event [SEL]`: the raw events of the wire, as gRPC and HTTP give them, one a line, each with
// the id after which to go on. `hive journal` tells the same for people.

import { HiveClientError } from '@hivekernel/client';
import type { HiveClient, WireEvent, WireRequest } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { CliError, usageError } from '../errors/cli-error.ts';
import { exitCodeOf } from '../errors/exit-codes.ts';
import { eventsOf } from '../journal/event-place.ts';
import { readSince } from '../journal/since.ts';
import { toWireItem, wireLine } from '../journal/wire-item.ts';
import type { WireItem } from '../journal/wire-item.ts';
import { untilSignal } from '../kernel/signals.ts';
import { countFlag } from '../output/human.ts';
import { csvRow, renderDocument } from '../output/listing.ts';
import { untilUnread } from '../output/until-unread.ts';

const DEFAULT_LINES = 100;
const DEFAULT_LINES_FOLLOWED = 10;

interface EventFlags {
  readonly follow?: boolean;
  readonly from?: string;
  readonly since?: string;
  readonly afterCursor?: string;
  readonly lines?: string;
  readonly type?: readonly string[];
  readonly volatile?: boolean;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('[selector]', 'an agent, or a subtree such as 42/')
    .option('-f, --follow', 'go on with what happens')
    .option('--from <seq>', 'from this event on; 0: from the first that is kept')
    .option('--since <time>', 'such as 10m, or 2026-11-22T14:00:00Z')
    .option('--after-cursor <id>', 'go on after this one: the id of the last that you have')
    .option('-n, --lines <n>', `without a beginning, the last n (${DEFAULT_LINES})`)
    .option('--type <types>', 'only these, such as log or "task.*"; may be repeated', collect)
    .option('--volatile', 'with -f: also progress and output, which are not kept')
    .addHelpText('after', EXAMPLES);
  bind(command, event);
}

const EXAMPLES = `
Examples:
  hive event -f --from 0 -o jsonl > events.jsonl
  hive event -f --after-cursor "$(tail -n1 events.jsonl | jq -r .id)" -o jsonl
  hive event research-desk/ --since 10m --type log,llm_call
`;

const collect = (words: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...words.split(',').filter((word) => word !== ''),
];

async function event(context: Context, command: Command): Promise<number> {
  const flags = command.opts<EventFlags>();
  const start = startOf(flags, Date.now());
  const client = await context.client();
  const { request: place, pids } = await eventsOf(client, command.args[0]);
  // To the kernel, what comes after 0 is everything that it has kept.
  if (flags.from === '1') await requireFirst(client, command);
  const stop = untilSignal();
  const unread = untilUnread(context, context.format);
  const request: WireRequest = {
    follow: flags.follow ?? false,
    volatile: flags.volatile ?? false,
    types: flags.type ?? [],
    signal: AbortSignal.any([stop.signal, unread.signal]),
    ...place,
    ...start.request,
    onConnection: (isThere) =>
      context.terminal.note(isThere ? 'connected again' : 'the kernel is gone; waiting for it'),
  };
  const printer = new Printer(context);
  const isWanted = ({ event: { pid, ppid } }: WireEvent): boolean =>
    pids === undefined || pids.has(pid) || pids.has(ppid);
  try {
    const { last } = start;
    for await (const one of wanted(client, { request, last, isWanted })) await printer.print(one);
  } catch (error) {
    throw inWords(error, command);
  } finally {
    unread.release();
    stop.release();
    printer.end();
  }
  return stop.exitCode;
}

interface Start {
  readonly request: Pick<WireRequest, 'afterSeq' | 'afterId' | 'sinceMs'>;
  /** Of what is there, only so many. */
  readonly last: number | undefined;
}

function startOf({ from, since, afterCursor, lines, follow = false }: EventFlags, nowMs: number) {
  const given = [from, since, afterCursor, lines].filter((flag) => flag !== undefined);
  if (given.length > 1) {
    throw usageError(
      'Only one of --from, --since, --after-cursor and --lines says where to begin.',
    );
  }
  const start = (request: Start['request'], last?: number): Start => ({ request, last });
  if (from !== undefined) return start({ afterSeq: Math.max(0, countFlag('--from', from) - 1) });
  if (since !== undefined) return start({ sinceMs: readSince(since, nowMs) });
  if (afterCursor !== undefined) return start({ afterId: readCursor(afterCursor) });
  const count = lines === undefined ? defaultLines(follow) : countFlag('--lines', lines);
  if (count === 0) throw usageError('--lines wants a number from 1.');
  return start({}, count);
}

const defaultLines = (follow: boolean): number => (follow ? DEFAULT_LINES_FOLLOWED : DEFAULT_LINES);

function readCursor(text: string): string {
  if (/^\d{1,15}(\.\d{1,9})?$/.test(text)) return text;
  throw usageError(`--after-cursor wants the id of an event, such as 42 or 42.1; got "${text}".`);
}

interface Wanting {
  readonly request: WireRequest;
  readonly last: number | undefined;
  readonly isWanted: (event: WireEvent) => boolean;
}

/** The last n are known when what is there was read to its end. */
async function* wanted(
  client: HiveClient,
  { request, last, isWanted }: Wanting,
): AsyncGenerator<WireEvent, void, undefined> {
  let rest = request;
  if (last !== undefined) {
    const kept: WireEvent[] = [];
    // An event that is several on the wire is one for the kernel, so that these are enough.
    const isPlain = (request.types ?? []).length === 0;
    const newest = isPlain && request.pid === undefined ? { last } : {};
    let afterSeq = (await client.status()).seq;
    for await (const one of client.wireEvents({ ...request, ...newest, follow: false })) {
      afterSeq = Math.max(afterSeq, one.event.seq);
      if (isWanted(one)) kept.push(one);
      if (kept.length > last) kept.shift();
    }
    yield* kept;
    if (request.follow !== true || request.signal?.aborted) return;
    rest = { ...request, afterSeq };
  }
  for await (const one of client.wireEvents(rest)) if (isWanted(one)) yield one;
}

async function requireFirst(client: HiveClient, command: Command): Promise<void> {
  const { firstSeq } = await client.status();
  if (firstSeq > 1) throw notKept({ afterSeq: 0, firstSeq }, command);
}

function inWords(error: unknown, command: Command): unknown {
  if (!(error instanceof HiveClientError) || error.code !== 'gone') return error;
  const { after_seq: afterSeq, first_seq: firstSeq } = error.details;
  return notKept({ afterSeq: Number(afterSeq), firstSeq: Number(firstSeq) }, command);
}

/** With where one may begin. */
function notKept(gap: { afterSeq: number; firstSeq: number }, command: Command): CliError {
  const { afterSeq, firstSeq } = gap;
  const selector = command.args[0] === undefined ? '' : ` ${command.args[0]}`;
  return new CliError({
    code: 'E_GONE',
    exitCode: exitCodeOf('gone'),
    message: `The events from ${afterSeq + 1} on are no longer kept: the oldest is ${firstSeq}.`,
    why: 'Old events go by age and size: journal.keep, journal.keep_bytes.',
    hints: [{ label: 'From the oldest on', command: `hive event${selector} --from ${firstSeq}` }],
    details: { afterSeq, firstSeq },
  });
}

const CSV_KEYS = ['id', 'timestamp_ms', 'type', 'pid', 'ppid', 'message'] as const;

/** One at a time, so that a stream is a stream; a document only at the end. */
class Printer {
  readonly #context: Context;
  readonly #items: WireItem[] = [];

  constructor(context: Context) {
    this.#context = context;
    if (context.format === 'csv') context.terminal.out(csvRow(CSV_KEYS));
  }

  async print(event: WireEvent): Promise<void> {
    const { terminal } = this.#context;
    const text = this.#textOf(event);
    if (text === undefined) this.#items.push(toWireItem(event));
    else if (!terminal.out(text)) await terminal.drained();
  }

  end(): void {
    const { terminal, format } = this.#context;
    if (format !== 'json' && format !== 'yaml') return;
    const items = this.#items;
    const cursor = items.at(-1)?.id ?? '0';
    terminal.out(renderDocument('WireEventList', { items, cursor }, format));
  }

  #textOf(event: WireEvent): string | undefined {
    const { terminal, format } = this.#context;
    if (format === 'json' || format === 'yaml') return undefined;
    if (format === 'jsonl') return `${JSON.stringify(toWireItem(event))}\n`;
    if (format === 'name') return `${event.id === '' ? '-' : event.id}\n`;
    if (format === 'csv') {
      const { timestampMs, type, pid, ppid, message } = event.event;
      return csvRow([event.id, timestampMs, type, pid, ppid, message]);
    }
    return `${wireLine(event, terminal.outPaint)}\n`;
  }
}
