// Who may do what with an artifact. Rights of roles (A2) were asked before; nothing is found or
// changed here.
//   M12. private: the owner; user: processes of the same user; subtree: the owner and below, its
//        ancestors read too; global: all. New versions are written by the owner and its ancestors,
//        those of user and global also by processes of the same user. In whose custody it is, who
//        may freeze and delete it: the owner, its ancestors, the king.
//   A1.  An ancestor of another user, unless it is the king, is a stranger.

import { KernelError } from '../errors.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import { isAncestor } from '../process/tree.ts';
import type { ArtifactRecord } from './catalog.ts';

export class ArtifactRights {
  readonly #table: ProcessTable;

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  canSee(reader: ProcessRecord, record: ArtifactRecord): boolean {
    if (record.visibility === 'global' || reader.parent === undefined) return true;
    if (record.owner === reader.pid) return true;
    if (record.user !== reader.spec.user) return false;
    if (record.visibility === 'user') return true;
    if (record.visibility === 'private') return false;
    const owner = this.#table.find(record.owner);
    return owner !== undefined && (isAncestor(owner, reader) || isAncestor(reader, owner));
  }

  /** The owner, its ancestors, the king. */
  hasCustody(caller: ProcessRecord, record: ArtifactRecord): boolean {
    if (caller.parent === undefined || record.owner === caller.pid) return true;
    if (record.user !== caller.spec.user) return false;
    const owner = this.#table.find(record.owner);
    return owner !== undefined && isAncestor(caller, owner);
  }

  /** Throws `permission_denied`: no new version of it is this writer's to make. */
  requireWriting(writer: ProcessRecord, record: ArtifactRecord): void {
    if (this.hasCustody(writer, record)) return;
    const isShared = record.visibility === 'user' || record.visibility === 'global';
    if (record.user !== writer.spec.user) {
      throw denied(`the artifact "${record.key}" belongs to user "${record.user}"`);
    }
    if (!isShared) throw denied(`the artifact "${record.key}" is another process's own`);
  }

  /** Throws `permission_denied`. `what`: "freeze", "delete". */
  requireCustody(caller: ProcessRecord, record: ArtifactRecord, what: string): void {
    if (this.hasCustody(caller, record)) return;
    const { key, owner } = record;
    throw denied(
      `to ${what} the artifact "${key}" is for its owner, process ${owner}, its ancestors and ` +
        'the king',
    );
  }
}

const denied = (why: string): KernelError =>
  new KernelError('permission_denied', `denied: ${why} (M12).`);
