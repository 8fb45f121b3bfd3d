// Rules of permission as the operator writes them, each a line of words, and back as the kernel's:
//   "deny role:worker spawn", "allow /king/desk/* send_message to role:lead" (A2);
//   "/king/coder shell_exec" (A3).
// What cannot be, or contradicts what stands before it, is a problem with its reason.

import { ACTIONS, CAPABILITIES, ROLES, normalizeAddress } from '@hivekernel/kernel';
import type { AclRule, Action, Capability, ConfiguredGrant, Party } from '@hivekernel/kernel';
import { nearest } from './nearest.ts';

export const RULE_FORM = 'allow|deny WHO ACTION [to WHOM], such as "deny role:worker spawn"';
export const GRANT_FORM = 'WHO CAPABILITY, such as "/king/coder shell_exec"';
const WHO_FORM = '*, role:NAME, user:NAME, or an address such as /king/desk/*';

/** What was read, or what is wrong with it. */
type Read<T> = { readonly value: T } | { readonly problem: string };

export function readRule(text: string): Read<AclRule> {
  const [effect, whoWord, actionWord, to, whomWord, ...more] = words(text);
  if (effect !== 'allow' && effect !== 'deny') {
    return { problem: `"${effect ?? ''}" is neither allow nor deny` };
  }
  const isWhole = to === undefined || (to === 'to' && whomWord !== undefined && more.length === 0);
  if (whoWord === undefined || actionWord === undefined || !isWhole) {
    return { problem: `"${text}" is not of the form ${RULE_FORM}` };
  }
  const who = readParty(whoWord);
  if ('problem' in who) return who;
  const actions = readAction(actionWord);
  if ('problem' in actions) return actions;
  const whom = whomWord === undefined ? undefined : readParty(whomWord);
  if (whom !== undefined && 'problem' in whom) return whom;
  const rule = { effect, who: who.value, actions: actions.value, whom: whom?.value, text } as const;
  return isOverUsers(rule)
    ? { problem: 'it can never hold: nothing reaches over the border of a user (A1)' }
    : { value: rule };
}

export function readGrant(text: string): Read<ConfiguredGrant> {
  const [whoWord, capability, ...more] = words(text);
  if (whoWord === undefined || capability === undefined || more.length > 0) {
    return { problem: `"${text}" is not of the form ${GRANT_FORM}` };
  }
  const to = readParty(whoWord);
  if ('problem' in to) return to;
  if (!isOneOf(CAPABILITIES, capability)) return unknown('capability', capability, CAPABILITIES);
  return { value: { to: to.value, capabilities: [capability as Capability] } };
}

/** For each rule that contradicts one before it, or is never reached after it: where, and why. */
export function conflictsOf(rules: readonly AclRule[]): { at: number; problem: string }[] {
  const seen = new Map<string, AclRule>();
  return rules.flatMap((rule, at) => {
    const key = JSON.stringify([rule.who, rule.actions, rule.whom]);
    const earlier = seen.get(key);
    seen.set(key, earlier ?? rule);
    if (earlier === undefined) return [];
    const isSame = earlier.effect === rule.effect;
    const problem = isSame
      ? `"${rule.text}" says the same as "${earlier.text}" before it`
      : `"${rule.text}" contradicts "${earlier.text}" before it, which always wins`;
    return [{ at, problem }];
  });
}

const words = (text: string): string[] =>
  text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');

function readAction(word: string): Read<readonly Action[]> {
  if (word === '*') return { value: [] };
  return isOneOf(ACTIONS, word)
    ? { value: [word as Action] }
    : unknown('action', word, [...ACTIONS, '*']);
}

function readParty(word: string): Read<Party> {
  if (word === '*') return { value: { by: 'everyone' } };
  if (word.startsWith('/')) return readAddress(word);
  const [kind, name = ''] = splitOnce(word);
  if (kind === 'user' && name !== '') return { value: { by: 'user', user: name } };
  if (kind !== 'role') return { problem: `"${word}" is not one of: ${WHO_FORM}` };
  const role = ROLES.find((one) => one === name);
  return role === undefined ? unknown('role', name, ROLES) : { value: { by: 'role', role } };
}

function readAddress(word: string): Read<Party> {
  const isTree = word.endsWith('/*');
  const path = isTree ? word.slice(0, -2) : word;
  if (path.includes('*')) return { problem: `"${word}": a * stands alone at the end, after a /` };
  const address = normalizeAddress(path === '' ? '/king' : path);
  return { value: { by: 'address', address: isTree ? `${address}/*` : address } };
}

/** A1: from one user to another, whoever it is. */
const isOverUsers = ({ who, whom }: Pick<AclRule, 'who' | 'whom'>): boolean =>
  who.by === 'user' && whom?.by === 'user' && who.user !== whom.user;

const isOneOf = (list: readonly string[], word: string): boolean => list.includes(word);

const splitOnce = (word: string): [string, string?] => {
  const at = word.indexOf(':');
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
};

function unknown(what: string, word: string, known: readonly string[]): { problem: string } {
  const near = nearest(word, known);
  const hint = near === undefined ? `one of: ${known.join(', ')}` : `did you mean "${near}"?`;
  return { problem: `there is no ${what} "${word}"; ${hint}` };
}
