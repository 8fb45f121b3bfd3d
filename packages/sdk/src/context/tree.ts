// What an agent asks about the process tree: who is there, above, beside and below. Part of the
// context; it only reads. What changes the tree is in lifecycle.ts.
//   A pid of 0 is the caller. One reads what its role allows; the rest is refused or left out.
import { patience } from '../deadline.ts';
import type { CallOptions } from '../deadline.ts';
import { numberOf, STATES } from '../words.ts';
import type { ProcessState } from '../words.ts';
import type { Caller } from './caller.ts';
import { infoFromWire, siblingFromWire } from './process-info.ts';
import type { ProcessInfo, Sibling } from './process-info.ts';

export interface ChildrenOptions extends CallOptions {
  readonly recursive?: boolean | undefined;
  readonly state?: ProcessState | undefined;
}

export interface ProcessesOptions extends CallOptions {
  /** Only this process and what is below it. */
  readonly root?: number | undefined;
  /** Also dead ones whose record is still kept. */
  readonly includeDead?: boolean | undefined;
}

export class TreeCalls {
  protected readonly caller: Caller;

  constructor(caller: Caller) {
    this.caller = caller;
  }

  /** Of this process by default. Throws `not_found`, `permission_denied`. */
  async info(pid = 0, options?: CallOptions): Promise<ProcessInfo> {
    return infoFromWire(await this.caller.call('info', { pid }, options));
  }

  /** Those of this process; with `recursive` all its descendants. */
  async children(options: ChildrenOptions = {}): Promise<readonly ProcessInfo[]> {
    const { recursive = false, state } = options;
    // On the wire 0 (idle) means every state, and paused is none, so they are picked out here.
    const filterState = state === undefined || state === 'paused' ? 0 : numberOf(STATES, state);
    const value = { recursive, filterState };
    const reply = await this.caller.call('listChildren', value, patience(options));
    const all = reply.children.map(infoFromWire);
    return state === undefined ? all : all.filter((child) => child.state === state);
  }

  async siblings(options?: CallOptions): Promise<readonly Sibling[]> {
    const reply = await this.caller.call('listSiblings', {}, options);
    return reply.siblings.map(siblingFromWire);
  }

  /** From the parent up to the king. */
  async ancestors(pid = 0, options?: CallOptions): Promise<readonly ProcessInfo[]> {
    const reply = await this.caller.call('ancestors', { targetPid: pid }, options);
    return reply.processes.map(infoFromWire);
  }

  /** The nearest process that both are below, or that one of them is. */
  async commonAncestor(a: number, b: number, options?: CallOptions): Promise<ProcessInfo> {
    const value = { targetPid: a, otherPid: b };
    return infoFromWire(await this.caller.call('commonAncestor', value, options));
  }

  /** The nodes that a process and all below it live on. */
  async nodesOf(pid = 0, options?: CallOptions): Promise<readonly string[]> {
    return (await this.caller.call('subtreeNodes', { targetPid: pid }, options)).nodes;
  }

  /** All that this process may read; parents before their children. */
  async processes(options: ProcessesOptions = {}): Promise<readonly ProcessInfo[]> {
    const { root: rootPid = 0, includeDead = false } = options;
    const value = { rootPid, includeDead };
    const reply = await this.caller.call('listProcesses', value, patience(options));
    return reply.processes.map(infoFromWire);
  }
}
