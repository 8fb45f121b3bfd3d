// The pipes of the test kernel: who has one with whom. Unlike the rest of it, it keeps the kernel's
// rules, since who uses a pipe must live with them: it passes the suite that the kernel passes.
import { HiveError } from '../hive-error.ts';
import type { CallValue, ReplyValueOf } from '../kernel-port.ts';
import { TestFlow } from './test-flow.ts';

/** What it asks of the processes. */
export interface PipeCensus {
  /** Throws `not_found`. */
  parentOf(pid: number): number;
  isRunning(pid: number): boolean;
}

/** Who calls, and when the call is given up. */
interface By {
  readonly pid: number;
  readonly cancelled: AbortSignal;
}

interface PipeName {
  readonly peerPid: number;
  readonly name: string;
}

interface End {
  readonly owner: number;
  readonly peer: number;
  readonly name: string;
  readonly in: TestFlow;
  readonly out: TestFlow;
  other: End;
  state: 'unopened' | 'open' | 'closed' | 'gone';
}

const PER_PAIR_MAX = 4;
const CHUNK_BYTES_MAX = 65_536;
const NAME = /^[^\u0000-\u001f\u007f-\u009f]{0,128}$/;

export class TestPipes {
  readonly #census: PipeCensus;
  #ends: End[] = [];

  constructor(census: PipeCensus) {
    this.#census = census;
  }

  open({ peerPid: peer, name }: PipeName, { pid: owner }: By): void {
    this.#check({ owner, peer, name });
    const mine = this.#named(owner, { peerPid: peer, name });
    if (mine !== undefined) this.#makeWay(mine);
    const between = this.#ends.filter((end) => end.owner === owner && end.peer === peer);
    const offered = between.find((end) => end.name === name && end.state === 'unopened');
    if (offered === undefined && between.length >= PER_PAIR_MAX) {
      throw new HiveError('limit_exceeded', `There are ${between.length} pipes with ${peer}.`);
    }
    const end = offered ?? this.#create({ owner, peer, name });
    end.state = 'open';
  }

  async write(call: CallValue<'writePipe'>, by: By): Promise<void> {
    const { chunk, noWait } = call;
    if (chunk.length === 0) throw new HiveError('invalid_argument', 'A chunk is empty.');
    if (chunk.length > CHUNK_BYTES_MAX) throw new HiveError('too_large', 'A chunk is too large.');
    const { cancelled } = by;
    await this.#require(call, by).out.write(chunk.slice(), { isPatient: !noWait, cancelled });
  }

  read(call: CallValue<'readPipe'>, by: By): Promise<ReplyValueOf<'readPipe'>> {
    const { maxChunks: max, timeoutMs } = call;
    return this.#require(call, by).in.read({ max, timeoutMs, cancelled: by.cancelled });
  }

  close(call: CallValue<'closePipe'>, { pid }: By): void {
    const end = this.#named(pid, call);
    if (end === undefined) throw notOpen(call.peerPid);
    if (end.state === 'closed') return;
    end.out.end();
    if (call.both) this.#close(end);
  }

  /** A run of it is over. */
  endAllOf(pid: number): void {
    const why = `The other end, process ${pid}, ended.`;
    for (const end of this.#ends.filter(({ owner }) => owner === pid)) {
      end.out.lose(why);
      end.in.leave(why);
      end.state = 'gone';
      if (end.other.state === 'unopened') end.other.state = 'gone';
    }
    this.#tidy();
  }

  endBetween(child: number, parent: number): void {
    const why = 'Its two ends are no longer parent and child.';
    for (const end of this.#ends) {
      if (end.owner !== child || end.peer !== parent) continue;
      end.in.sever(why);
      end.out.sever(why);
      for (const side of [end, end.other]) if (side.state === 'unopened') side.state = 'gone';
    }
    this.#tidy();
  }

  #check({ owner, peer, name }: { owner: number; peer: number; name: string }): void {
    if (!NAME.test(name)) throw new HiveError('invalid_argument', 'This is no name for a pipe.');
    const isParent = this.#census.parentOf(peer) === owner;
    if (!isParent && this.#census.parentOf(owner) !== peer) {
      throw new HiveError(
        'permission_denied',
        `denied: a pipe is between a parent and its child, and process ${peer} is neither.`,
      );
    }
    if (this.#census.isRunning(peer)) return;
    throw new HiveError('wrong_state', `Process ${peer} does not run.`);
  }

  /** The newest of that name, which calls of its owner mean. */
  #named(owner: number, { peerPid, name }: PipeName): End | undefined {
    const isIt = (end: End): boolean =>
      end.owner === owner && end.peer === peerPid && end.name === name;
    return this.#ends.findLast(
      (end) => isIt(end) && end.state !== 'unopened' && end.state !== 'gone',
    );
  }

  #require(call: PipeName, { pid }: By): End {
    const end = this.#named(pid, call);
    if (end === undefined) throw notOpen(call.peerPid);
    if (end.state === 'closed') throw new HiveError('wrong_state', 'You closed this pipe.');
    return end;
  }

  #makeWay(end: End): void {
    if (end.state === 'closed') {
      if (end.other.state !== 'unopened') return;
      throw new HiveError('conflict', `Process ${end.peer} has not yet opened the one before.`);
    }
    const isSpent = end.out.isEnded && end.in.isSpent;
    if (end.other.state !== 'gone' && !end.in.isLost && !isSpent) {
      throw new HiveError('conflict', 'You have this pipe open already; close it first.');
    }
    end.out.end();
    this.#close(end);
  }

  #create(whose: { owner: number; peer: number; name: string }): End {
    const { owner, peer, name } = whose;
    const [out, back] = [new TestFlow(), new TestFlow()];
    const mine: Omit<End, 'other'> = { owner, peer, name, in: back, out, state: 'unopened' };
    const end = mine as End;
    end.other = {
      owner: peer,
      peer: owner,
      name,
      in: out,
      out: back,
      other: end,
      state: 'unopened',
    };
    this.#ends.push(end, end.other);
    return end;
  }

  #close(end: End): void {
    end.in.leave(`Process ${end.owner}, the other end, closed it.`);
    end.state = 'closed';
    if (end.other.state === 'unopened' && end.out.isEmpty) end.other.state = 'gone';
    this.#tidy();
  }

  /** A pipe of which no side is held any more is no more. */
  #tidy(): void {
    const isHeld = ({ state, other }: End): boolean =>
      state === 'open' || (state === 'unopened' && other.state !== 'gone');
    this.#ends = this.#ends.filter((end) => isHeld(end) || isHeld(end.other));
  }
}

const notOpen = (peer: number): HiveError =>
  new HiveError('not_found', `You have not opened this pipe to process ${peer}; open it first.`);
