// An agent that asks a model again and again, and never looks at what it costs: its budget stops
// it. Its parent is told and lets it have more, so often; after that it is the operator's turn.
import { Agent, HiveError, imageOf, LLMAgent } from '@hivekernel/sdk';
import type { Context, Message, MessageOutcome, Task, TaskContext } from '@hivekernel/sdk';

/** Of a message that says: try again. A number in it: ask for so many tokens first. */
const GO_ON = 'budget';
const PROMPT = 'Say in one sentence why a loop without an end costs money.';
const ANSWER_TOKENS_MAX = 40;

export class Runaway extends LLMAgent {
  /** A word that comes before it is waited for is kept. */
  override readonly receives = true;

  override async onTask(task: Task, ctx: TaskContext): Promise<string> {
    const rounds = Number(task.params['rounds']);
    let refusals = 0;
    for (let done = 0; done < rounds;) {
      if (await this.#isPaid()) {
        done += 1;
        continue;
      }
      refusals += 1;
      const word = await ctx.receive({ type: GO_ON });
      const more = Number(word.text());
      if (more > 0) await ctx.requestTokens(more, `${done} of ${rounds} rounds are done`);
    }
    return `${rounds} rounds for ${this.llm.totalTokens} tokens, refusals: ${refusals}`;
  }

  /** One call; false where the budget cannot pay it: then nothing was sent. */
  async #isPaid(): Promise<boolean> {
    try {
      await this.ask(PROMPT, { maxTokens: ANSWER_TOKENS_MAX });
      return true;
    } catch (error) {
      if (error instanceof HiveError && error.code === 'budget_exhausted') return false;
      throw error;
    }
  }
}

export class BudgetLab extends Agent {
  #grant = 0;
  #grantsLeft = 0;

  override async onTask(task: Task, ctx: TaskContext): Promise<string> {
    const { rounds = '30', tokens = '1000', grant = '2000', grants = '1' } = task.params;
    this.#grant = Number(grant);
    this.#grantsLeft = Number(grants);
    const runaway = await ctx.spawn({
      name: 'runaway',
      role: 'worker',
      tier: ctx.tier,
      image: imageOf(import.meta.url, 'Runaway'),
      limits: { tokensTotalMax: Number(tokens) },
    });
    try {
      const { description } = task;
      return (await ctx.executeOn(runaway, { description, params: { rounds } })).output;
    } finally {
      await ctx.kill(runaway);
    }
  }

  /** The kernel tells it, once, that the budget of a child is at its end. */
  override async onMessage(message: Message, ctx: Context): Promise<MessageOutcome> {
    if (message.type !== 'escalation') return;
    const { issue, fromPid } = message.json() as { issue: string; fromPid: number };
    if (issue !== 'budget_exhausted' || this.#grantsLeft === 0) return 'escalate';
    this.#grantsLeft -= 1;
    await ctx.send({ to: fromPid, type: GO_ON, payload: String(this.#grant) });
  }
}
