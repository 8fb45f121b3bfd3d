// What an agent asks about rights, and what it hands on (A3). Part of the context. A grant and a
// revocation hold at once; the latter for all below the process too.
import type { CallOptions } from '../deadline.ts';
import { TreeCalls } from './tree.ts';

export interface CapabilityInfo {
  readonly capability: string;
  readonly isHeld: boolean;
  readonly isRoleDefault: boolean;
  /** Why it is not held; empty where it is. */
  readonly why: string;
}

export class RightsCalls extends TreeCalls {
  /** Of this process by default. */
  async capabilities(pid = 0, options?: CallOptions): Promise<readonly CapabilityInfo[]> {
    const reply = await this.caller.call('listCapabilities', { targetPid: pid }, options);
    return reply.capabilities.map(({ capability, held, roleDefault, why }) => {
      return { capability, isHeld: held, isRoleDefault: roleDefault, why };
    });
  }

  /** To a process below this one, of what this one holds. Throws `permission_denied`. */
  async grant(pid: number, capability: string, options?: CallOptions): Promise<void> {
    await this.caller.call('grant', { targetPid: pid, capability }, options);
  }

  /** From a process below this one, and from all below that. Throws `permission_denied`. */
  async revoke(pid: number, capability: string, options?: CallOptions): Promise<void> {
    await this.caller.call('revoke', { targetPid: pid, capability }, options);
  }
}
