// Calls that write to the journal and change nothing else but counts: log, metric.
//   DESIGN §3: the reply to `log` does not wait for the disk.

import { KernelError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { NOTHING, type ArgsOf, type Nothing } from './abi.ts';
import type { CallContext } from './context.ts';

export function log(ctx: CallContext, args: ArgsOf<'log'>): Nothing {
  const { level, message, fields } = args;
  ctx.parts.log.emit('log.written', { pid: ctx.caller.pid, level, message, fields });
  return NOTHING;
}

/** B8: `tokens_consumed` is charged, other names are kept as metrics. */
export function metric(ctx: CallContext, args: ArgsOf<'metric'>): Nothing {
  const { name, value, labels } = args;
  if (name === '') {
    throw new KernelError('invalid_argument', 'A metric needs a name.', {
      details: { field: 'name' },
    });
  }
  const isCharge = name === 'tokens_consumed';
  if (isCharge) checkTokens(value);
  const tokensCharged = isCharge ? ctx.parts.ledger.chargeOf(ctx.caller, value) : 0;
  const pid = ctx.caller.pid;
  ctx.parts.log.emit('metric.reported', { pid, name, value, tokensCharged, labels });
  if (tokensCharged > 0) ctx.parts.reserver.charged(ctx.caller);
  return NOTHING;
}

function checkTokens(value: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && value <= LIMITS.tokensPerReportMax) return;
  throw new KernelError(
    'invalid_argument',
    `tokens_consumed is a whole number from 0 to ${LIMITS.tokensPerReportMax}, not ${value}.`,
    { details: { field: 'value' } },
  );
}
