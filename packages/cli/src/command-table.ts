// Every command, once: its name, its place in the help, one sentence, and the file that knows more.
//   A file is loaded when its command is used, so that `hive ps` does not pay for `hive up`.

import type { Command } from 'commander';
import type { Context } from './context.ts';

/** Does the work. Nothing returned means 0. */
export type Handler = (context: Context, command: Command) => Promise<number | void>;

/** Binds a command to its handler. */
export type Bind = (command: Command, handler: Handler) => void;

export interface CommandModule {
  /** Adds arguments, options and examples, and binds the handlers. */
  define(command: Command, bind: Bind): void;
}

export interface CommandRow {
  readonly name: string;
  readonly group: 'Start:' | 'Look:' | 'Act:' | 'Help:';
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'demo',
    group: 'Start:',
    summary: 'start a kernel and let a research swarm answer a question',
    load: () => import('./commands/demo.ts'),
  },
  {
    name: 'up',
    group: 'Start:',
    summary: 'start the kernel of this directory',
    load: () => import('./commands/up.ts'),
  },
  {
    name: 'down',
    group: 'Start:',
    summary: 'stop it, with all its agents',
    load: () => import('./commands/down.ts'),
  },
  {
    name: 'ps',
    group: 'Look:',
    summary: 'list agents',
    load: () => import('./commands/ps.ts'),
  },
  {
    name: 'tree',
    group: 'Look:',
    summary: 'show who started whom',
    load: () => import('./commands/tree.ts'),
  },
  {
    name: 'status',
    group: 'Look:',
    summary: 'how the kernel, or one agent, is doing',
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'journal',
    group: 'Look:',
    summary: 'what happened, and what happens now (-f)',
    load: () => import('./commands/journal.ts'),
  },
  {
    name: 'event',
    group: 'Look:',
    summary: 'the raw events, from any of them on, and live (-f)',
    load: () => import('./commands/event.ts'),
  },
  {
    name: 'results',
    group: 'Look:',
    summary: 'results of agents that nobody took yet',
    load: () => import('./commands/results.ts'),
  },
  {
    name: 'inbox',
    group: 'Look:',
    summary: 'messages that wait, yours or those of an agent',
    load: () => import('./commands/inbox.ts'),
  },
  {
    name: 'msg',
    group: 'Look:',
    summary: 'messages one by one, and dead letters',
    load: () => import('./commands/msg.ts'),
  },
  {
    name: 'queue',
    group: 'Look:',
    summary: 'named queues: ls, peek, take, dead',
    load: () => import('./commands/queue.ts'),
  },
  {
    name: 'topic',
    group: 'Look:',
    summary: 'topics: ls, pub, sub, clear, forget',
    load: () => import('./commands/topic.ts'),
  },
  {
    name: 'artifact',
    group: 'Look:',
    summary: 'what agents made: ls, get, put, versions, diff, rm, freeze',
    load: () => import('./commands/artifact.ts'),
  },
  {
    name: 'config',
    group: 'Look:',
    summary: 'every setting and where it came from: ls',
    load: () => import('./commands/config.ts'),
  },
  {
    name: 'run',
    group: 'Act:',
    summary: 'give an agent a task',
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'spawn',
    group: 'Act:',
    summary: 'start an agent and leave it running',
    load: () => import('./commands/spawn.ts'),
  },
  {
    name: 'kill',
    group: 'Act:',
    summary: 'stop agents, or send them another signal',
    load: () => import('./commands/kill.ts'),
  },
  {
    name: 'pause',
    group: 'Act:',
    summary: 'hold agents where they are',
    load: () => import('./commands/pause.ts'),
  },
  {
    name: 'resume',
    group: 'Act:',
    summary: 'let paused agents go on',
    load: () => import('./commands/resume.ts'),
  },
  {
    name: 'restart',
    group: 'Act:',
    summary: 'stop agents and start them again',
    load: () => import('./commands/restart.ts'),
  },
  {
    name: 'sleep',
    group: 'Act:',
    summary: 'stop agents until a message or a wake',
    load: () => import('./commands/sleep.ts'),
  },
  {
    name: 'wake',
    group: 'Act:',
    summary: 'start sleeping agents again',
    load: () => import('./commands/wake.ts'),
  },
  {
    name: 'collapse',
    group: 'Act:',
    summary: 'end all below an agent and print their results',
    load: () => import('./commands/collapse.ts'),
  },
  {
    name: 'reparent',
    group: 'Act:',
    summary: 'move an agent under another parent',
    load: () => import('./commands/reparent.ts'),
  },
  {
    name: 'rm',
    group: 'Act:',
    summary: 'forget dead agents, quarantined ones too',
    load: () => import('./commands/rm.ts'),
  },
  {
    name: 'send',
    group: 'Act:',
    summary: 'send a message to agents',
    load: () => import('./commands/send.ts'),
  },
  {
    name: 'reply',
    group: 'Act:',
    summary: 'answer a message that waits for you',
    load: () => import('./commands/reply.ts'),
  },
  {
    name: 'cap',
    group: 'Act:',
    summary: 'what agents may do: ls, grant, revoke',
    load: () => import('./commands/cap.ts'),
  },
  {
    name: 'budget',
    group: 'Act:',
    summary: 'what agents may spend: ls, set, raise, freeze, thaw',
    load: () => import('./commands/budget.ts'),
  },
  {
    name: 'wait',
    group: 'Act:',
    summary: 'block until an agent ends or is in a state',
    load: () => import('./commands/wait.ts'),
  },
  {
    name: 'doctor',
    group: 'Help:',
    summary: 'check what the kernel needs, with a fix for each problem',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'help',
    group: 'Help:',
    summary: 'help for a command, or for: exit-codes',
    load: () => import('./commands/help.ts'),
  },
];
