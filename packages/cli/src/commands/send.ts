// `hive send SEL "text"`: a message to each agent that the selector names, from the king. stdout:
// the ids, once they are durable.

import type { Command } from 'commander';
import { PRIORITY } from '@hivekernel/client';
import type { AgentView, MessageOrder, Priority } from '@hivekernel/client';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { asCliError, usageError } from '../errors/cli-error.ts';
import type { CliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { awaitReply } from '../mail/await-reply.ts';
import { messageId } from '../mail/find-message.ts';
import { messageItem } from '../mail/message-item.ts';
import { durationFlag } from '../output/human.ts';
import { safeText } from '../output/plain-text.ts';
import { resolveAll, resolveOne } from '../select/resolve.ts';
import { parseSelector } from '../select/selector.ts';

const PAYLOAD_BYTES_MAX = 1024 * 1024;

interface SendFlags {
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
    .argument('<selector>', 'who gets it')
    .argument('<text>', 'the message, or - for stdin')
    .option('--type <type>', 'what kind of message', 'message')
    .option('--priority <word>', PRIORITY.words.join(', '), 'normal')
    .option('--all', 'to each of several agents that the selector names')
    .option('--ack', 'have its end reported to your inbox, good or bad')
    .option('--ttl <time>', 'dropped when it waited longer')
    .option('--reply-to <id>', 'which message it answers')
    .option('--key <key>', 'sent again with the same key, it is the same message')
    .option('--wait-reply [time]', 'wait for the reply and print it; 60s if no time is given')
    .addHelpText(
      'after',
      '\nExample:\n  hive send research-desk "stop after this file" --priority high\n' +
        '  hive send /queen/lead-1 "how far are you?" --wait-reply 2m\n',
    );
  bind(command, send);
}

async function send(context: Context, command: Command): Promise<number> {
  const [selector = '', text = ''] = command.args;
  const { terminal } = context;
  const payload = text === '-' ? await terminal.readAll(PAYLOAD_BYTES_MAX) : text;
  const flags = command.opts<SendFlags>();
  const order = orderOf(flags, payload);
  const client = await context.client();
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
      sent.push({ id: await client.send({ ...order, to: agent.pid }), pid: agent.pid });
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

function orderOf(flags: SendFlags, payload: string | Uint8Array): Omit<MessageOrder, 'to'> {
  const { type, priority, ack = false, ttl, replyTo, key } = flags;
  PRIORITY.toWire(priority, '--priority');
  return {
    type,
    payload,
    priority: priority as Priority,
    requiresAck: ack,
    ...(ttl === undefined ? {} : { ttlMs: durationFlag('--ttl', ttl) }),
    ...(replyTo === undefined ? {} : { replyTo: messageId(replyTo) }),
    ...(key === undefined ? {} : { idempotencyKey: key }),
  };
}
