// What is told upwards: troubles that were not known, one escalation for each kind, so that a swarm
// that falls over as a whole fills no inbox. Pure.
import type { Severity } from '@hivekernel/sdk';
import { KINDS, SEVERITY_OF } from './troubles.ts';
import type { Kind, Trouble } from './troubles.ts';

export interface Alarm {
  readonly kind: Kind;
  readonly severity: Severity;
  readonly issue: string;
  readonly keys: readonly string[];
  readonly pids: readonly number[];
}

const NAMED_MAX = 5;

export function alarmsFor(
  troubles: readonly Trouble[],
  known: ReadonlySet<string>,
): readonly Alarm[] {
  const news = troubles.filter(({ key }) => !known.has(key));
  return KINDS.flatMap((kind) => {
    const ofKind = news.filter((trouble) => trouble.kind === kind);
    return ofKind.length === 0 ? [] : [alarmOf(kind, ofKind)];
  });
}

function alarmOf(kind: Kind, troubles: readonly Trouble[]): Alarm {
  const named = troubles.slice(0, NAMED_MAX).map(({ text }) => text);
  const more = troubles.length - named.length;
  return {
    kind,
    severity: SEVERITY_OF[kind],
    issue: [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; '),
    keys: troubles.map(({ key }) => key),
    pids: troubles.map(({ pid }) => pid).filter((pid) => pid !== 0),
  };
}
