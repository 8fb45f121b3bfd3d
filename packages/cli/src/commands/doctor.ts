// `hive doctor`: what the kernel needs, each ✓ or ✗ with its fix. Exit 1 when anything is amiss.
// It looks and changes nothing; the fixes are for people to apply.

import { loadConfig } from '@hivekernel/daemon/config';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { examine, patientOf } from '../doctor/checks.ts';
import type { Finding } from '../doctor/checks.ts';
import { asCliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { padEnd, safeLine } from '../output/plain-text.ts';

const CHECK_WIDTH = 16;

export function define(command: Command, bind: Bind): void {
  bind(command, doctor);
}

async function doctor(context: Context): Promise<number> {
  const findings = await findingsOf(context);
  const isGood = findings.every((finding) => finding.isGood);
  const items = findings.map(({ check, isGood: ok, detail, fix }) => ({
    check,
    ok,
    detail,
    fix: fix ?? null,
  }));
  context.show('DoctorReport', { ok: isGood, items }, () => reportOf(context, findings));
  return isGood ? EXIT.ok : EXIT.failed;
}

/** With a bad configuration the rest is examined by the defaults. */
async function findingsOf({ terminal, flags, cwd }: Context): Promise<Finding[]> {
  const given = flags.data === undefined ? {} : { data: flags.data };
  try {
    const config = await loadConfig({ cwd, env: terminal.env, flags: given });
    const file = config.files.project ?? 'defaults only';
    const good: Finding = { check: 'configuration', isGood: true, detail: file };
    return [good, ...(await examine(await patientOf(config, terminal)))];
  } catch (error) {
    const { message, why } = asCliError(error);
    const detail = `${message}: ${why.split('\n')[0] ?? ''}`;
    const fix = 'hive config ls tells all of it';
    const bad: Finding = { check: 'configuration', isGood: false, detail, fix };
    const config = await loadConfig({ cwd: '/', env: {}, flags: { data: given.data ?? cwd } });
    return [bad, ...(await examine(await patientOf(config, terminal)))];
  }
}

function reportOf({ terminal }: Context, findings: readonly Finding[]): string {
  const paint = terminal.outPaint;
  return findings
    .map(({ check, isGood, detail, fix }) => {
      const sign = isGood ? paint.green('✓') : paint.red('✗');
      const line = `${sign} ${padEnd(check, CHECK_WIDTH)}${safeLine(detail)}\n`;
      return fix === undefined ? line : `${line}  ${padEnd('', CHECK_WIDTH)}fix: ${fix}\n`;
    })
    .join('');
}
