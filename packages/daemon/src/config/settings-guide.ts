// The generated part of docs/guides/configuration.md: the settings table as Markdown.
// The text between the two marks is this, exactly: `npm run docs` renews it, and the check refuses
// a stale one.

import { SETTING_KEYS, envNameOf, settingRow } from './settings-table.ts';
import type { SettingKey } from './settings-table.ts';

export const GUIDE_PATH = 'docs/guides/configuration.md';
const START = '<!-- settings:start -->';
/** Rules that the project's own tests and pages cite; others point to where the design was made. */
const RULE_LETTER = /^[PSMBAGTC]\d+$/;
const END = '<!-- settings:end -->';

/** One entry for each setting, in the table's order. */
export function settingsMarkdown(): string {
  return SETTING_KEYS.map(entry).join('\n');
}

function entry(key: SettingKey): string {
  const { kind, default: initial, flag, rule = '', doc } = settingRow(key);
  const shown = kind.show(initial);
  const names = [`\`${envNameOf(key)}\``, ...(flag === undefined ? [] : [`\`--${flag}\``])];
  return [
    `#### \`${key}\``,
    '',
    RULE_LETTER.test(rule) ? `${doc} (rule ${rule})` : doc,
    '',
    `- Default: ${shown === '' ? 'empty' : `\`${shown}\``}`,
    `- Allowed: ${kind.allowed}`,
    `- Also: ${names.join(', ')}`,
    '',
  ].join('\n');
}

/** The guide with its generated part renewed. Throws when a mark is missing. */
export function renewGuide(guide: string): string {
  const start = guide.indexOf(START);
  const end = guide.indexOf(END);
  if (start < 0 || end < start) throw new Error(`${GUIDE_PATH} lacks ${START} or ${END}`);
  const head = guide.slice(0, start + START.length);
  return `${head}\n\n${settingsMarkdown()}\n${guide.slice(end)}`;
}
