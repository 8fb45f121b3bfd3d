// Who calls on a gRPC channel (PROTOCOL §2). A number in a header proves nothing: the channel does.
//   - On the operator's channels (the Unix socket; TCP with the operator's token) a call acts for
//     the pid that its header names, or for the king.
//   - TCP without the token is nobody, unless `--trust-pid-header` is set: then the bare header
//     counts, and the calls that come without one run as the operator.

import { createHash, timingSafeEqual } from 'node:crypto';
import { KING_PID, KernelError } from '@hivekernel/kernel';
import type { Metadata } from '@grpc/grpc-js';

export interface Caller {
  readonly pid: number;
  readonly isOperator: boolean;
}

export interface ChannelPolicy {
  /** `operator`: whoever reaches the socket is the operator. */
  readonly kind: 'operator' | 'token';
  readonly operatorToken: string;
  readonly trustPidHeader: boolean;
}

export const PID_HEADER = 'x-hivekernel-pid';
const BEARER = /^Bearer (\S+)$/i;
const PID_FORM = /^\d{1,16}$/;

/**
 * Throws `unauthenticated`, or `invalid_argument` for a header that is no pid. `needsPid`: the call
 * always comes with a header where the channel has no identity.
 */
export function identify(
  metadata: Metadata,
  channel: ChannelPolicy,
  call: { needsPid: boolean },
): Caller {
  const isOperator = channel.kind === 'operator' || hasToken(metadata, channel.operatorToken);
  if (!isOperator && !channel.trustPidHeader) throw notKnown();
  const pid = pidOf(metadata);
  if (pid !== 0) return { pid, isOperator };
  if (!isOperator && call.needsPid) {
    throw new KernelError('unauthenticated', `Say who calls: metadata ${PID_HEADER}: PID.`);
  }
  return { pid: KING_PID, isOperator: true };
}

/** 0: none. */
function pidOf(metadata: Metadata): number {
  const values = metadata.get(PID_HEADER);
  if (values.length === 0) return 0;
  const text = String(values[0]).trim();
  const pid = Number(text);
  if (values.length === 1 && PID_FORM.test(text) && Number.isSafeInteger(pid)) return pid;
  throw new KernelError('invalid_argument', `${PID_HEADER} must be one decimal pid.`, {
    details: { field: PID_HEADER },
  });
}

/** False without one. Throws `unauthenticated` for a wrong one: nobody falls back to less. */
function hasToken(metadata: Metadata, operatorToken: string): boolean {
  const values = metadata.get('authorization');
  if (values.length === 0) return false;
  const token = BEARER.exec(String(values[0]))?.[1] ?? '';
  if (values.length === 1 && isSame(token, operatorToken)) return true;
  throw new KernelError('unauthenticated', 'The token in the metadata authorization is wrong.');
}

/** In constant time, whatever the lengths. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return b !== '' && timingSafeEqual(digest(a), digest(b));
}

const notKnown = (): KernelError =>
  new KernelError(
    'unauthenticated',
    'This port needs the operator token: metadata "authorization: Bearer TOKEN", with the token ' +
      'in operator.token of the data directory. The Unix socket needs none.',
  );
