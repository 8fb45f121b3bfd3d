// `hive spawn SPEC`: starts an agent and leaves it running. stdout: its pid, and nothing else.
// It gives no task to wait for: that is `hive run`.

import { RELAYS, RESTART_POLICIES, STRATEGIES } from '@hivekernel/client';
import type { AgentView, HiveClient, Relay, RestartPolicy, Strategy } from '@hivekernel/client';
import { Option } from 'commander';
import type { Command } from 'commander';
import { BUDGET, readBudget } from '../budget/spawn-budget.ts';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { noMatch, usageError } from '../errors/cli-error.ts';
import { durationFlag } from '../output/human.ts';
import { findSpec, readRole, readTier } from '../run/agent-spec.ts';
import { loadCrew } from '../run/crew.ts';
import { readPairs } from '../run/task-params.ts';
import { resolveOne } from '../select/resolve.ts';
import { isAddressable } from '../select/selector.ts';

interface SpawnFlags {
  readonly parent?: string;
  readonly name?: string;
  readonly role?: string;
  readonly tier?: string;
  readonly model?: string;
  readonly user?: string;
  readonly env?: readonly string[];
  readonly cap?: readonly string[];
  readonly budget?: readonly string[];
  readonly cwd?: string;
  readonly task?: string;
  readonly prompt?: string;
  readonly restart?: RestartPolicy;
  readonly strategy?: Strategy;
  readonly relay?: Relay;
  readonly wallLimit?: string;
  readonly idleLimit?: string;
  readonly firstTokenLimit?: string;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('<spec>', 'file.ts#Export, package#Export, or one of the crew')
    .option('--parent <selector>', 'under whom; left out: the king')
    .option('--name <name>', 'left out: by the file')
    .option('--role <role>', 'daemon, agent, architect, lead, worker or task')
    .option('--tier <tier>', 'strategic, tactical or operational')
    .option('--model <model>', "left out: the tier's")
    .option('--user <user>', "left out: the parent's")
    .option('--env <key=value...>', 'variables that it finds in its environment')
    .option('--cap <capability...>', "handed on to it beside its role's")
    .option(...BUDGET)
    .option('--cwd <dir>', 'where it works; left out: a directory of its own')
    .option('--prompt <text>', 'its system prompt')
    .option('--task <text>', 'its first task')
    .addOption(
      new Option('--restart <policy>', 'after its end; left out: by its role').choices(
        RESTART_POLICIES,
      ),
    )
    .addOption(
      new Option('--relay <word>', 'messages between its branches: pass, copy it, deny').choices(
        RELAYS,
      ),
    )
    .addOption(
      new Option('--strategy <word>', 'whom a restart of its children concerns').choices(
        STRATEGIES,
      ),
    )
    .option('--wall-limit <time>', 'ended so long after its first start')
    .option('--idle-limit <time>', 'hung after so long without progress in a task')
    .option('--first-token-limit <time>', 'hung when a model is silent for so long')
    .addHelpText('after', EXAMPLES);
  bind(command, spawn);
}

const EXAMPLES = `
Restart: permanent always, transient after a crash, notify lets the parent decide, temporary never.

Examples:
  hive spawn examples/echo/echo.ts#EchoAgent --name echo
  hive spawn ./worker.ts#Worker --parent lead --restart transient --idle-limit 2m
  hive spawn ./worker.ts#Worker --parent lead --budget 50k '$0.50'
`;

async function spawn(context: Context, command: Command): Promise<void> {
  const [word = ''] = command.args;
  const flags = command.opts<SpawnFlags>();
  const limits = limitsOf(flags);
  const budget = readBudget(flags.budget);
  if (flags.name !== undefined && !isAddressable(flags.name)) throw badName(flags.name);
  const spec = await findSpec(word, context.cwd);
  if (spec === undefined) throw await noSpec(word);
  const client = await context.client();
  const parent = await parentOf(client, flags.parent);
  const isUnderKing = parent === undefined || parent.ppid === 0;
  const { name = spec.name, role, tier, env = [], prompt, task, ...rest } = flags;
  const pid = await client.spawn(
    {
      image: spec.image,
      name,
      role: role !== undefined ? readRole(role) : isUnderKing ? spec.role : 'worker',
      tier: tier !== undefined ? readTier(tier) : isUnderKing ? spec.tier : 'operational',
      env: readPairs(env, '--env'),
      ...given({ model: rest.model, user: rest.user, cwd: rest.cwd }),
      ...given({ capabilities: rest.cap }),
      ...budget,
      ...given({ systemPrompt: prompt, initialTask: task }),
      ...given({ restart: rest.restart, strategy: rest.strategy, relay: rest.relay, ...limits }),
    },
    parent === undefined ? {} : { as: parent.pid },
  );
  const agent = await client.info(pid);
  context.show('Agent', { pid, name, address: agent.address }, () => `${pid}\n`);
  if (context.format === 'table') context.terminal.note(`${agent.address} is ready (pid ${pid})`);
}

function limitsOf({ wallLimit, idleLimit, firstTokenLimit }: SpawnFlags) {
  return {
    wallLimitMs: limitOf('--wall-limit', wallLimit),
    idleLimitMs: limitOf('--idle-limit', idleLimit),
    firstTokenLimitMs: limitOf('--first-token-limit', firstTokenLimit),
  };
}

const limitOf = (flag: string, text: string | undefined): number | undefined =>
  text === undefined ? undefined : durationFlag(flag, text);

async function parentOf(
  client: HiveClient,
  selector: string | undefined,
): Promise<AgentView | undefined> {
  if (selector === undefined) return undefined;
  const { agents } = await client.processes();
  return resolveOne(selector, agents);
}

const badName = (name: string): Error =>
  usageError(
    `"${name}" is no name for an agent: as a selector it means something else (a pid, a path, ` +
      'a subtree, a filter, stdin, the king), so that nothing could be done with it by its name.',
  );

async function noSpec(word: string): Promise<Error> {
  const crew = [...(await loadCrew()).keys()].join(', ');
  return noMatch(
    `"${word}" is no file.ts#Export, no package#Export, and none of the crew (${crew}).`,
  );
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the fields that nobody gave. */
function given<T extends object>(fields: T): Given<T> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Given<T>;
}
