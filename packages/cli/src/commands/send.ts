// `hive send SEL "text"`: a message to each agent that the selector names, or to a named queue,
// from the king. stdout: the ids, once they are durable.

import type { Command } from 'commander';
import { PRIORITY } from '@hivekernel/client';
import type {
  AgentView,
  CallPatience,
  HiveClient,
  MessageBody,
  MessageOrder,
  Priority,
} from '@hivekernel/client';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { asCliError, usageError } from '../errors/cli-error.ts';
import type { CliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { AS, actingAs } from '../mail/acting.ts';
import type { ActingFlags } from '../mail/acting.ts';
import { awaitReply } from '../mail/await-reply.ts';
import { messageId } from '../mail/find-message.ts';
import { messageItem } from '../mail/message-item.ts';
import { readPayload } from '../mail/payload.ts';
import { durationFlag } from '../output/human.ts';
import { safeText } from '../output/plain-text.ts';
import { resolveAll, resolveOne } from '../select/resolve.ts';
import { parseSelector } from '../select/selector.ts';

interface SendFlags extends ActingFlags {
  readonly queue?: string;
  readonly type: string;
  readonly priority: string;
  readonly all?: boolean;
  readonly ack?: boolean;
  readonly ttl?: string;
  readonly replyTo?: string;
  readonly key?: string;
  readonly waitReply?: string | true;
}

export function define(command: Command, bind: Bind): void {
  command
    .usage('[flags] <selector> <text>\n       hive send [flags] --queue <name> <text>')
    .argument('<selector>', 'who gets it; left out with --queue')
    .argument('[text]', 'the message, or - for stdin')
    .option('--queue <name>', 'to a named queue: one of those who take from it gets it', once)
    .option('--type <type>', 'what kind of message', 'message')
    .option('--priority <word>', PRIORITY.words.join(', '), 'normal')
    .option('--all', 'to each of several agents that the selector names')
    .option('--ack', 'have its end reported to your inbox, good or bad')
    .option('--ttl <time>', 'dropped when it waited longer')
    .option('--reply-to <id>', 'which message it answers')
    .option('--key <key>', 'sent again with the same key, it is the same message')
    .option('--wait-reply [time]', 'wait for the reply and print it; 60s if no time is given')
    .option(...AS)
    .addHelpText('after', EXAMPLES);
  bind(command, send);
}

const EXAMPLES = `
Examples:
  hive send research-desk "stop after this file" --priority high
  hive send /queen/lead-1 "how far are you?" --wait-reply 2m
  hive send --queue jobs "resize a.png" --type resize --ttl 1h
`;

function once(name: string, before: string | undefined): string {
  if (before === undefined) return name;
  throw usageError('--queue names one queue; send to each of several by itself.');
}

function ttlOf(text: string): number {
  const ttlMs = durationFlag('--ttl', text);
  if (ttlMs > 0) return ttlMs;
  throw usageError('--ttl wants a time above 0; left out, the message waits without end.');
}

/** What is sent to whom, by the words of the command line. */
interface Sending {
  readonly order: MessageBody;
  readonly how: Pick<CallPatience, 'as'>;
  readonly flags: SendFlags;
}

async function send(context: Context, command: Command): Promise<number> {
  const flags = command.opts<SendFlags>();
  const [selector, text] = wordsOf(command.args, flags);
  const order = orderOf(flags, await readPayload(context.terminal, text));
  const client = await context.client();
  const sending = { order, how: await actingAs(client, flags), flags };
  if (flags.queue === undefined) return sendToAgents(context, client, { ...sending, selector });
  return sendToQueue(context, client, { ...sending, queue: flags.queue });
}

/** Whom and what. */
function wordsOf(args: readonly string[], { queue, all, as, waitReply }: SendFlags) {
  const [first = '', second] = args;
  if (as !== undefined && waitReply !== undefined) {
    throw usageError('--wait-reply waits for a reply to you; with --as it goes to another.');
  }
  if (queue === undefined) {
    if (second === undefined) throw usageError("missing required argument 'text'.");
    return [first, second] as const;
  }
  if (second !== undefined) {
    throw usageError('--queue takes the place of the selector: name one of them.');
  }
  if (all === true)
    throw usageError('--all is for agents; a queue gives a message to one of them.');
  return ['', first] as const;
}

async function sendToQueue(
  context: Context,
  client: HiveClient,
  { order, how, flags, queue }: Sending & { readonly queue: string },
): Promise<number> {
  const { waitReply } = flags;
  if (waitReply !== undefined) {
    return sendAndWait(context, { ...order, queue }, waitMs(waitReply));
  }
  const id = await client.send({ ...order, queue }, how);
  if (context.format === 'name') context.terminal.out(`${id}\n`);
  else context.show('SendResult', { sent: [{ id, queue }], failed: [] }, () => `${id}\n`);
  return EXIT.ok;
}

async function sendToAgents(
  context: Context,
  client: HiveClient,
  { order, how, flags, selector }: Sending & { readonly selector: string },
): Promise<number> {
  const { terminal } = context;
  const { agents } = await client.processes();
  const targets = await targetsOf(selector, { agents, isAll: flags.all ?? false });
  const { waitReply } = flags;
  if (waitReply !== undefined) {
    return sendAndWait(context, { ...order, to: onlyOne(targets).pid }, waitMs(waitReply));
  }
  const sent: { id: string; pid: number }[] = [];
  const failures: { agent: AgentView; error: CliError }[] = [];
  for (const agent of targets) {
    try {
      sent.push({ id: await client.send({ ...order, to: agent.pid }, how), pid: agent.pid });
    } catch (error) {
      failures.push({ agent, error: asCliError(error) });
    }
  }
  const failed = failures.map(({ agent, error }) => ({ pid: agent.pid, code: error.code }));
  const ids = sent.map(({ id }) => `${id}\n`).join('');
  if (context.format === 'name') terminal.out(ids);
  else context.show('SendResult', { sent, failed }, () => ids);
  for (const { agent, error } of failures) {
    terminal.note(`error[${error.code}]: ${agent.address}: ${error.message}`);
  }
  const [first] = failures;
  if (first === undefined) return EXIT.ok;
  return sent.length > 0 ? EXIT.partial : first.error.exitCode;
}

async function sendAndWait(
  context: Context,
  order: MessageOrder,
  timeoutMs: number,
): Promise<number> {
  const client = await context.client();
  const { seq: afterSeq } = await client.status();
  const id = await client.send({ ...order, deadlineMs: Date.now() + timeoutMs });
  context.terminal.note(`${id} sent, waiting for its reply`);
  const item = messageItem(await awaitReply(client, { id, afterSeq, timeoutMs }));
  context.show('Message', item, () => `${safeText(item.text)}\n`);
  return EXIT.ok;
}

const WAIT_REPLY_MS = 60_000;

const waitMs = (given: string | true): number =>
  given === true ? WAIT_REPLY_MS : durationFlag('--wait-reply', given);

function onlyOne(targets: readonly AgentView[]): AgentView {
  const [only] = targets;
  if (targets.length === 1 && only !== undefined) return only;
  throw usageError(`--wait-reply asks one agent; ${targets.length} are named.`);
}

/** A filter and a subtree mean all of theirs; a word that fits several is a mistake. */
async function targetsOf(
  text: string,
  { agents, isAll }: { agents: readonly AgentView[]; isAll: boolean },
): Promise<readonly AgentView[]> {
  const selector = parseSelector(text);
  const isMany = isAll || selector.by === 'filter' || selector.isSubtree;
  return isMany ? resolveAll(text, agents) : [await resolveOne(text, agents)];
}

function orderOf(flags: SendFlags, payload: string | Uint8Array): MessageBody {
  const { type, priority, ack = false, ttl, replyTo, key } = flags;
  PRIORITY.toWire(priority, '--priority');
  if (key === '') throw usageError('--key is empty; left out, each message is one of its own.');
  return {
    type,
    payload,
    priority: priority as Priority,
    requiresAck: ack,
    ...(ttl === undefined ? {} : { ttlMs: ttlOf(ttl) }),
    ...(replyTo === undefined ? {} : { replyTo: messageId(replyTo) }),
    ...(key === undefined ? {} : { idempotencyKey: key }),
  };
}
