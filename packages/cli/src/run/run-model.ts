// What is known of one run: a fold of the events of its agents. Views draw it, documents tell it.
//   Only events; nothing is asked of the kernel, so that a replayed run looks the same.

import type { JournalEvent, KernelEvent } from '@hivekernel/client';
import { Fields } from '../journal/fields.ts';
import { showSpan } from '../output/human.ts';
import { safeLine } from '../output/plain-text.ts';

export interface RunAgent {
  readonly pid: number;
  readonly ppid: number;
  readonly name: string;
  readonly role: string;
  state: string;
  /** The OS process that it has or last had; 0: none. */
  osPid: number;
  /** What it does, in its own words or ours. */
  activity: string;
  /** Below 0: unknown. */
  percent: number;
  tokens: number;
  /** Of a model call under way. */
  tokensLive: number;
  llmCalls: number;
}

export interface Spending {
  readonly calls: number;
  readonly tokens: number;
  readonly provider: string | null;
  readonly isSimulated: boolean;
}

export class RunModel {
  readonly agents = new Map<number, RunAgent>();
  /** The last event that it includes. */
  seq = 0;
  #calls = 0;
  #tokens = 0;
  #providers = new Set<string>();
  #isSimulated = true;

  get spending(): Spending {
    return {
      calls: this.#calls,
      tokens: this.#tokens,
      provider: this.#providers.size === 0 ? null : [...this.#providers].join(', '),
      isSimulated: this.#calls > 0 && this.#isSimulated,
    };
  }

  /** Parents before their children. */
  get tree(): readonly { readonly agent: RunAgent; readonly depth: number }[] {
    const roots = [...this.agents.values()].filter(({ ppid }) => !this.agents.has(ppid));
    return roots.flatMap((root) => this.#branch(root, 0));
  }

  nameOf(pid: number): string | undefined {
    return this.agents.get(pid)?.name;
  }

  apply(event: KernelEvent): void {
    const { journal } = event;
    if (journal === undefined) return this.#applyVolatile(event);
    this.seq = Math.max(this.seq, event.seq);
    const change = CHANGES[journal.kind];
    const fields = new Fields(journal.body);
    if (journal.kind === 'process.spawned') this.#add(fields);
    if (journal.kind === 'llm.called') this.#count(fields);
    const agent = this.agents.get(pidOf(journal));
    if (agent !== undefined) change?.(agent, fields);
  }

  #applyVolatile({ type, pid, message, event }: KernelEvent): void {
    const agent = this.agents.get(pid);
    if (agent === undefined) return;
    const fields = new Fields(event.fields);
    if (type === 'tokens') agent.tokensLive += fields.number('count');
    if (type !== 'progress') return;
    if (message !== '') agent.activity = safeLine(message);
    agent.percent = fields.text('percent') === '' ? -1 : fields.number('percent');
  }

  #add(fields: Fields): void {
    const spec = fields.in('spec');
    const pid = fields.number('pid');
    this.agents.set(pid, {
      pid,
      ppid: fields.number('parent'),
      name: safeLine(spec.text('name')),
      role: spec.text('role'),
      state: 'starting',
      osPid: 0,
      activity: '',
      percent: -1,
      tokens: 0,
      tokensLive: 0,
      llmCalls: 0,
    });
  }

  #count(fields: Fields): void {
    this.#calls += 1;
    this.#tokens += tokensOf(fields);
    this.#providers.add(fields.text('provider'));
    if (!fields.is('simulated')) this.#isSimulated = false;
  }

  #branch(agent: RunAgent, depth: number): { agent: RunAgent; depth: number }[] {
    const children = [...this.agents.values()].filter(({ ppid }) => ppid === agent.pid);
    return [{ agent, depth }, ...children.flatMap((child) => this.#branch(child, depth + 1))];
  }
}

const tokensOf = (fields: Fields): number =>
  fields.number('promptTokens') + fields.number('completionTokens');

function pidOf({ body }: JournalEvent): number {
  return typeof body['pid'] === 'number' ? body['pid'] : 0;
}

const CHANGES: Readonly<Record<string, (agent: RunAgent, fields: Fields) => void>> = {
  'process.started': (agent, fields) => {
    agent.osPid = fields.number('osPid');
  },
  'process.moved': (agent, fields) => {
    agent.state = fields.text('to');
    if (fields.text('from') === 'starting') agent.activity = '';
    const phase = safeLine(fields.text('phase'));
    if (phase !== '') agent.activity = agent.state === 'blocked' ? `waits for ${phase}` : phase;
  },
  'process.start_failed': (agent) => {
    agent.state = 'failed';
  },
  'process.restarting': (agent, fields) => {
    agent.state = 'starting';
    const attempt = fields.number('attempt');
    agent.activity = attempt === 0 ? 'restart' : `restart ${attempt}`;
    const delayMs = fields.number('delayMs');
    if (delayMs > 0) agent.activity += ` in ${showSpan(delayMs)}`;
  },
  'process.relaunched': (agent) => {
    agent.activity = '';
  },
  'process.slept': (agent) => {
    agent.state = 'sleeping';
    agent.activity = '';
  },
  'process.woken': (agent, fields) => {
    agent.state = 'starting';
    agent.activity = safeLine(fields.text('why'));
  },
  'process.exited': (agent, fields) => {
    agent.state = fields.text('to');
    agent.activity = fields.text('cause');
    agent.percent = -1;
  },
  'process.collected': (agent) => {
    agent.state = 'dead';
  },
  'llm.called': (agent, fields) => {
    agent.tokens += tokensOf(fields);
    agent.tokensLive = 0;
    agent.llmCalls += 1;
    if (agent.percent < 0) {
      const span = showSpan(fields.number('latencyMs'));
      agent.activity = `llm ${safeLine(fields.text('model'))} ${span}`;
    }
  },
};
