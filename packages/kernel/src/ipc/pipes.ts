// Pipes: who has one with whom, and how its sides begin and end. What is in it, and who waits for
// what, is in pipe-flow.ts. All of it is volatile: flow, not mail (docs/adr/0011).
//   M10. A pipe is between a parent and its child, two directions. A side is opened by its process,
//   before or after the other one.
//   1. An end belongs to one run of its process. When that is over, or they are no longer parent
//      and child, the other side reads what is left and is told; another run opens another pipe.
//   2. A side that closed may open anew at once; the other one keeps the pipe from before until it
//      closes that, and finds the new one then. Only what nobody has opened yet stands in the way.
//   3. A kernel that is folded anew takes over the pipes of the one before, and who waits in them.

import { KernelError } from '../errors.ts';
import type { EffectQueue } from '../events/effects.ts';
import type { CallRef } from '../events/event.ts';
import type { Timers } from '../events/timers.ts';
import { SEQ_ZERO, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import { Flow, type FlowGround, type PipeRead } from './pipe-flow.ts';

export type { PipeRead } from './pipe-flow.ts';

/** The caller's side of which pipe. The peer may be dead, and its record gone. */
export interface PipeOf {
  readonly caller: Pid;
  readonly peer: Pid;
  readonly name: string;
}

/** One side. `gone`: the run that it belonged to is over. */
interface End {
  readonly owner: Pid;
  readonly peer: Pid;
  readonly name: string;
  readonly in: Flow;
  readonly out: Flow;
  other: End;
  state: 'unopened' | 'open' | 'closed' | 'gone';
  /** Over which it was opened. */
  channel: string;
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

export class Pipes {
  readonly #effects: EffectQueue;
  #ground: FlowGround;
  /** The ends that calls of their owner mean: the newest of each name. */
  #named = new Map<Pid, Map<string, End>>();
  /** All of them, by owner. */
  #ends = new Map<Pid, Set<End>>();

  constructor(options: { effects: EffectQueue; timers: Timers }) {
    this.#effects = options.effects;
    this.#ground = { timers: options.timers, bytes: 0, stirred: new Set(), answers: [] };
  }

  /** What waits in all pipes to be read. Less than `LIMITS.pipeBytesInAllMax` and a chunk each. */
  get bytesHeld(): number {
    return this.#ground.bytes;
  }

  /** Ends that there are, of both sides. */
  get endsHeld(): number {
    let held = 0;
    for (const { size } of this.#ends.values()) held += size;
    return held;
  }

  /** Throws `permission_denied`, `wrong_state`, `conflict`, `limit_exceeded`. */
  open(order: { caller: ProcessRecord; peer: ProcessRecord; name: string; channel: string }): void {
    const { caller, peer, name, channel } = order;
    checkName(name);
    checkRelation(caller, peer);
    checkPeer(peer);
    const mine = this.#find({ caller: caller.pid, peer: peer.pid, name });
    if (mine !== undefined) this.#makeWay(mine);
    const all = [...(this.#ends.get(caller.pid) ?? [])].filter((end) => end.peer === peer.pid);
    const offered = all.find((end) => end.name === name && end.state === 'unopened');
    const end = offered ?? this.#create({ owner: caller.pid, peer: peer.pid, name }, all.length);
    end.state = 'open';
    end.channel = channel;
    const named = this.#named.get(caller.pid) ?? new Map<string, End>();
    this.#named.set(caller.pid, named.set(keyOf(end), end));
  }

  /** False: it waits for room, and the answer is an effect. */
  write(pipe: PipeOf, what: { chunk: Uint8Array; isPatient: boolean; ref: CallRef }): boolean {
    const { length } = what.chunk;
    if (length === 0) throw new KernelError('invalid_argument', 'An empty chunk says nothing.');
    if (length > LIMITS.pipeChunkBytesMax) {
      const what = `A chunk has ${length} bytes, at most ${LIMITS.pipeChunkBytesMax} are allowed`;
      throw new KernelError('too_large', `${what} (M10).`, { details: { bytes: length } });
    }
    return this.#require(pipe).out.write(what);
  }

  /** Undefined: it waits for a chunk, and the answer is an effect. */
  read(
    pipe: PipeOf,
    how: { max: number; untilMonoMs: number | undefined; ref: CallRef },
  ): PipeRead | undefined {
    return this.#require(pipe).in.read(how);
  }

  /** Writes no more; with `isBoth` reads no more either. A second time changes nothing. */
  close(pipe: PipeOf, isBoth: boolean): void {
    const end = this.#find(pipe);
    if (end === undefined) throw notOpen(pipe);
    if (end.state === 'closed') return;
    end.out.end();
    if (isBoth) this.#close(end);
  }

  /** A waiting write or read is given up; false: none is. */
  cancel(ref: CallRef): boolean {
    for (const end of this.#ends.get(ref.pid) ?? []) {
      if (end.in.cancel(ref) || end.out.cancel(ref)) return true;
    }
    return false;
  }

  /** The run of a process is over. */
  endAllOf(pid: Pid): void {
    const ends = this.#ends.get(pid);
    if (ends === undefined) return;
    for (const end of [...ends]) this.#cut(end, `The other end, process ${pid}, ended (M10).`);
  }

  /** They are no longer parent and child: what is in their pipes is the last that each gets. */
  endBetween(one: Pid, other: Pid): void {
    const why = 'Its two ends are no longer parent and child (M10).';
    for (const end of [...(this.#ends.get(one) ?? [])]) {
      if (end.peer !== other) continue;
      end.in.sever(why);
      end.out.sever(why);
      for (const side of [end, end.other]) if (side.state === 'unopened') side.state = 'gone';
      this.#tidy(end);
    }
  }

  /** A connection of operators is over, and with it what was opened over it. */
  endChannel(channel: string): void {
    const lost = [...this.#ends.values()].flatMap((ends) => [...ends]);
    for (const end of lost) {
      if (end.state === 'open' && end.channel === channel) {
        this.#cut(end, `The other end, an operator as process ${end.owner}, left (M10).`);
      }
    }
  }

  /** At the end of a pass: who waited and has something now is answered. */
  flush(): void {
    const { stirred, answers } = this.#ground;
    for (const flow of stirred) flow.flush();
    stirred.clear();
    // They tell of nothing that is in the journal.
    for (const { to, result } of answers) {
      this.#effects.pushAfter(SEQ_ZERO, { do: 'reply', to, result });
    }
    answers.length = 0;
  }

  /** Calls that are owed an answer. */
  *owedRefs(): Generator<CallRef> {
    for (const { to } of this.#ground.answers) yield to;
    for (const end of this.#all()) yield* end.in.waiting();
  }

  /** After a refold: all of it, and who waits. The one before is not used any more. */
  inherit(from: Pipes): void {
    const { timers } = this.#ground;
    this.#ground = from.#ground;
    this.#ground.timers = timers;
    this.#named = from.#named;
    this.#ends = from.#ends;
    for (const end of this.#all()) end.in.armRead();
  }

  /** Each flow is the `in` of one of them. */
  *#all(): Generator<End> {
    for (const ends of this.#ends.values()) yield* ends;
  }

  #find({ caller, peer, name }: PipeOf): End | undefined {
    return this.#named.get(caller)?.get(keyOf({ peer, name }));
  }

  #require(pipe: PipeOf): End {
    const end = this.#find(pipe);
    if (end === undefined) throw notOpen(pipe);
    if (end.state === 'closed') {
      throw new KernelError('wrong_state', `You closed ${describePipe(pipe)} (M10).`);
    }
    return end;
  }

  /** For an end of the same name: the one before is over, or stays. */
  #makeWay(end: End): void {
    const isUntaken = end.state === 'closed' && end.other.state === 'unopened';
    const pipe = { caller: end.owner, peer: end.peer, name: end.name };
    if (isUntaken) {
      const what = `Process ${end.peer} has not yet opened ${describePipe(pipe)} from before`;
      throw new KernelError('conflict', `${what}, and something is left in it (M10).`);
    }
    if (end.state === 'closed') return;
    if (!isOver(end)) {
      const what = `You have ${describePipe(pipe)} open already; close it first (M10).`;
      throw new KernelError('conflict', what, { details: { pid: end.peer } });
    }
    end.out.end();
    this.#close(end);
  }

  #create(whose: { owner: Pid; peer: Pid; name: string }, between: number): End {
    const { owner, peer, name } = whose;
    if (between >= LIMITS.pipesPerPairMax) {
      const what = `There are ${between} pipes between process ${owner} and process ${peer}`;
      throw new KernelError('limit_exceeded', `${what}, which is the limit (M10).`);
    }
    this.#makeRoom(owner);
    const [toPeer, fromPeer] = [new Flow(this.#ground), new Flow(this.#ground)];
    const base = { name, state: 'unopened', channel: '' } as const;
    const mine: Omit<End, 'other'> = { ...base, owner, peer, in: fromPeer, out: toPeer };
    const end = mine as End;
    const other: End = { ...base, owner: peer, peer: owner, in: toPeer, out: fromPeer, other: end };
    end.other = other;
    for (const one of [end, other]) {
      const own = this.#ends.get(one.owner) ?? new Set<End>();
      this.#ends.set(one.owner, own.add(one));
    }
    return end;
  }

  /** Ends that are over and that nobody closed give way: the oldest first. */
  #makeRoom(owner: Pid): void {
    const own = this.#ends.get(owner);
    if (own === undefined || own.size < LIMITS.pipesPerProcessMax) return;
    for (const end of own) {
      if (end.state !== 'open' || !isOver(end)) continue;
      end.out.end();
      this.#close(end);
      return;
    }
    const what = `Process ${owner} has ${own.size} pipes, the most that one may have`;
    throw new KernelError('limit_exceeded', `${what}. Close some of them (M10).`);
  }

  #close(end: End): void {
    end.in.leave(`Process ${end.owner}, the other end, closed it (M10).`);
    end.state = 'closed';
    if (end.other.state === 'unopened' && end.out.isEmpty) end.other.state = 'gone';
    this.#tidy(end);
  }

  /** The end is nobody's any more. */
  #cut(end: End, why: string): void {
    end.out.lose(why);
    end.in.leave(why);
    end.state = 'gone';
    if (end.other.state === 'unopened') end.other.state = 'gone';
    this.#tidy(end);
  }

  /** A pipe of which no side is held any more is no more. */
  #tidy(end: End): void {
    const isHeld = ({ state, other }: End): boolean =>
      state === 'open' || (state === 'unopened' && other.state !== 'gone');
    if (isHeld(end) || isHeld(end.other)) {
      if (end.state === 'gone') this.#unname(end);
      return;
    }
    for (const one of [end, end.other]) {
      one.in.leave('It is closed on both sides (M10).');
      this.#unname(one);
      const own = this.#ends.get(one.owner);
      own?.delete(one);
      if (own?.size === 0) this.#ends.delete(one.owner);
    }
  }

  #unname(end: End): void {
    const named = this.#named.get(end.owner);
    if (named?.get(keyOf(end)) !== end) return;
    named.delete(keyOf(end));
    if (named.size === 0) this.#named.delete(end.owner);
  }
}

/** Nothing more comes, though its owner did not close it. */
const isOver = (end: End): boolean =>
  end.other.state === 'gone' || end.in.isLost || (end.out.isEnded && end.in.isSpent);

const keyOf = ({ peer, name }: { peer: Pid; name: string }): string => `${peer} ${name}`;

const describePipe = ({ peer, name }: PipeOf): string =>
  `the pipe ${name === '' ? '' : `"${name}" `}to process ${peer}`;

const notOpen = (pipe: PipeOf): KernelError =>
  new KernelError('not_found', `You have not opened ${describePipe(pipe)}; open it first (M10).`, {
    details: { pid: pipe.peer },
  });

function checkName(name: string): void {
  const isLong = name.length > LIMITS.nameCharsMax;
  if (!isLong && !CONTROL.test(name)) return;
  const why = isLong ? `it has ${name.length} characters` : 'it holds a control character';
  throw new KernelError('invalid_argument', `This is no name for a pipe: ${why} (M10).`, {
    details: { field: 'name' },
  });
}

function checkRelation(caller: ProcessRecord, peer: ProcessRecord): void {
  if (peer.parent === caller || caller.parent === peer) return;
  throw new KernelError(
    'permission_denied',
    `denied: a pipe is between a parent and its child, and ${describeProcess(peer)} is neither ` +
      `to ${describeProcess(caller)} (M10).`,
    { details: { pid: peer.pid } },
  );
}

function checkPeer(peer: ProcessRecord): void {
  const { state } = peer;
  if (isLive(state) && state !== 'stopping' && state !== 'sleeping') return;
  const advice = state === 'sleeping' ? '; wake it first' : '';
  throw new KernelError('wrong_state', `${describeProcess(peer)} is ${state}${advice} (M10).`, {
    details: { pid: peer.pid, state },
  });
}
