// How a run is seen while it goes on, on stderr: a tree that is redrawn in place on a terminal, one
// plain line an event elsewhere.

import type { KernelEvent } from '@hivekernel/client';
import { isAtLeast, toJournalItem } from '../journal/journal-item.ts';
import { plural, showClock, showCount, showSpan } from '../output/human.ts';
import { LiveRegion } from '../output/live-region.ts';
import type { RegionLine } from '../output/live-region.ts';
import { padEnd } from '../output/plain-text.ts';
import type { Paint, Terminal } from '../output/terminal.ts';
import { paintState, stateGlyph, stateWord } from '../select/state-words.ts';
import type { RunAgent, RunModel } from './run-model.ts';

export interface RunView {
  onEvent(event: KernelEvent): void;
  /** A line for people that is no event. */
  note(line: string): void;
  end(): void;
}

const FRAME_MS = 100;
const WHO_WIDTH = 10;
const STATE_WIDTH = 8;

export interface ViewParts {
  readonly terminal: Terminal;
  readonly model: RunModel;
  /** What Ctrl-C does, for the last line. */
  readonly hint: string;
}

export function openView(parts: ViewParts): RunView {
  return parts.terminal.canRedraw ? new LiveView(parts) : new PlainView(parts);
}

/** Nothing at all: for `-q`. */
export const SILENT_VIEW: RunView = {
  onEvent: () => undefined,
  note: () => undefined,
  end: () => undefined,
};

/** `14:02:01 queen      took task t12 "…"`; undefined for what is not worth a line. */
function plainLine(event: KernelEvent, model: RunModel): string | undefined {
  const item = toJournalItem(event);
  const isTold = item.kind === 'progress' ? item.msg !== '' : isAtLeast(item.level, 'info');
  if (!isTold) return undefined;
  const who = model.nameOf(item.pid) ?? (item.pid === 1 ? 'king' : `pid ${item.pid}`);
  const level = isAtLeast(item.level, 'warn') ? `${item.level}: ` : '';
  return `${showClock(Date.parse(item.at))} ${padEnd(who, WHO_WIDTH)} ${level}${item.msg}`;
}

class PlainView implements RunView {
  readonly #parts: ViewParts;

  constructor(parts: ViewParts) {
    this.#parts = parts;
  }

  onEvent(event: KernelEvent): void {
    const line = plainLine(event, this.#parts.model);
    if (line !== undefined) this.note(line);
  }

  note(line: string): void {
    this.#parts.terminal.note(line);
  }

  end(): void {
    // Lines stay where they are.
  }
}

class LiveView implements RunView {
  readonly #parts: ViewParts;
  readonly #region: LiveRegion;
  readonly #startedMs = performance.now();
  readonly #stopResize: () => void;
  readonly #timer: NodeJS.Timeout;
  #isDirty = true;

  constructor(parts: ViewParts) {
    this.#parts = parts;
    const { terminal } = parts;
    this.#region = new LiveRegion({
      write: (text) => terminal.err(text),
      size: () => terminal.size,
    });
    this.#stopResize = terminal.onResize(() => (this.#isDirty = true));
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    // A crash must not leave the cursor hidden.
    process.once('exit', this.#onExit);
  }

  onEvent(event: KernelEvent): void {
    this.#isDirty = true;
    if (event.journal === undefined) return;
    const item = toJournalItem(event);
    if (!isAtLeast(item.level, 'warn')) return;
    const line = plainLine(event, this.#parts.model);
    if (line !== undefined) this.note(line);
  }

  note(line: string): void {
    this.#region.print(line);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#stopResize();
    process.removeListener('exit', this.#onExit);
    this.#region.clear();
  }

  readonly #onExit = (): void => this.#region.clear();

  #draw(): void {
    // The seconds in the last line go on even where nothing happens.
    const { model, terminal, hint } = this.#parts;
    if (!this.#isDirty && model.agents.size === 0) return;
    this.#isDirty = false;
    const tookMs = performance.now() - this.#startedMs;
    this.#region.draw(frameOf(model, { paint: terminal.errPaint, tookMs, hint }));
  }
}

export function frameOf(
  model: RunModel,
  look: { paint: Paint; tookMs: number; hint: string },
): RegionLine[] {
  const { paint, tookMs, hint } = look;
  const tree = model.tree;
  const width = Math.max(0, ...tree.map(({ agent, depth }) => agent.name.length + depth * 2));
  const rows = tree.map(({ agent, depth }) => ({
    text: rowOf(agent, { depth, width }),
    paint: paintState(paint, wordOf(agent)),
  }));
  const { calls } = model.spending;
  const tokens = [...model.agents.values()].reduce((sum, a) => sum + a.tokens + a.tokensLive, 0);
  const parts = [
    plural(tree.length, 'agent'),
    plural(calls, 'model call'),
    `${showCount(tokens)} tokens`,
    showSpan(tookMs),
    hint,
  ];
  return [...rows, { text: parts.join(' · '), paint: paint.dim }];
}

function rowOf(agent: RunAgent, { depth, width }: { depth: number; width: number }): string {
  const name = padEnd(`${'  '.repeat(depth)}${agent.name}`, width);
  const tokens = agent.tokens + agent.tokensLive;
  const parts = [
    agent.activity,
    agent.percent >= 0 ? `${Math.round(agent.percent)}%` : '',
    tokens === 0 ? '' : `${showCount(tokens)} tok`,
  ].filter((part) => part !== '');
  const word = wordOf(agent);
  const rest = [padEnd(word, STATE_WIDTH), ...parts].join('  ').trimEnd();
  return `${stateGlyph(word)} ${name}  ${rest}`;
}

const wordOf = ({ state, activity }: RunAgent): string => stateWord({ state, phase: activity });
