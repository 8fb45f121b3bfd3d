// The life of a process as a document: the kernel's state table as a table of event and state,
// a diagram, and a sentence for each. What the table says is the kernel's; only the sentences are
// here, and a new state or event without one does not compile.

import { STATE_EVENTS, STATES, TRANSITIONS, type State, type StateEvent } from '@hivekernel/kernel';

const ABOUT_STATES: Readonly<Record<State, string>> = {
  starting:
    'Its runtime is being started; or its next run is yet to come: it backs off, or waits for ' +
    'its group.',
  idle: 'It is ready, receives messages, and has no task.',
  running: 'It executes a task that does not wait.',
  blocked: 'Every task that it executes waits for something; its phase says for what.',
  paused:
    'It stands still with all its OS processes: its mailbox fills, and no deadline of its tasks ' +
    'passes.',
  sleeping: 'It has no runtime; a message, a task or a wake starts one, with the last checkpoint.',
  stopping:
    'Its runtime is being ended, by a kill, by its own word, to sleep, or to be started anew.',
  zombie:
    'Its run ended and nobody took the result; after a crash under `notify` it waits here for ' +
    'its parent to restart it.',
  dead:
    'It was killed, its result was taken or has expired, or it is quarantined; its record stays ' +
    'a while.',
};

const ABOUT_EVENTS: Readonly<Record<StateEvent, string>> = {
  ready: 'its runtime answered Init; a virtual process is ready at once',
  work: 'the first of its tasks starts',
  wait: 'the last task that did not wait waits, too',
  resume: 'what one of its tasks waited for is there',
  done: 'the last task that it executed ended',
  pause: 'SIGSTOP',
  continue: 'SIGCONT; its tasks go on at once',
  sleep: 'its runtime is gone, to sleep; a virtual process falls asleep at once',
  wake: 'something came for it, or somebody woke it',
  stop: 'its runtime is asked to end',
  exit: 'its run ended by itself, or for a reason of the kernel',
  killed: 'its run ended by a kill',
  restart: 'it comes back after the end of a run',
  quarantine: 'it restarted too often in a row',
  collect: 'its result was taken, or nobody took it in time',
};

/** Markdown, in the form that prettier gives it. */
export function drawStates(): string {
  return [
    tableOf(
      ['event', ...STATES],
      STATE_EVENTS.map((event) => [
        event,
        ...STATES.map((state) => TRANSITIONS[state][event] ?? ''),
      ]),
    ),
    diagram(),
    listOf(STATES.map((state) => [state, ABOUT_STATES[state]])),
    tableOf(
      ['event', 'what happened'],
      STATE_EVENTS.map((event) => [event, ABOUT_EVENTS[event]]),
    ),
  ].join('\n\n');
}

function diagram(): string {
  const edges = STATES.flatMap((from) => {
    const byTarget = new Map<State, StateEvent[]>();
    for (const event of STATE_EVENTS) {
      const to = TRANSITIONS[from][event];
      if (to !== undefined) byTarget.set(to, [...(byTarget.get(to) ?? []), event]);
    }
    return [...byTarget].map(([to, events]) => `  ${from} --> ${to}: ${events.join(', ')}`);
  });
  return [
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> starting: spawn',
    ...edges,
    '  dead --> [*]: forgotten',
    '```',
  ].join('\n');
}

const listOf = (items: readonly (readonly [string, string])[]): string =>
  items.map(([name, text]) => `- **${name}**: ${text}`).join('\n');

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0, fill)).join(' | ')} |`;
  const rule = line(
    head.map(() => ''),
    '-',
  );
  return [line(head), rule, ...rows.map((row) => line(row))].join('\n');
}
