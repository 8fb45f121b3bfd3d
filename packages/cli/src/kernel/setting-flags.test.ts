import { SETTING_KEYS, loadConfig, settingRow } from '@hivekernel/daemon/config';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addSettingFlags, asArguments, givenSettings } from './setting-flags.ts';

function parse(args: readonly string[]): Command {
  const command = new Command('up');
  addSettingFlags(command);
  return command.parse([...args], { from: 'user' });
}

describe('addSettingFlags()', () => {
  it('has an option for every flag of the settings table but --data', () => {
    const flags = SETTING_KEYS.flatMap((key) => settingRow(key).flag ?? []);
    const options = parse([]).options.map(({ long }) => long);
    for (const flag of flags) expect(options.includes(`--${flag}`)).toBe(flag !== 'data');
  });
});

describe('givenSettings(), asArguments()', () => {
  it('pass on what was given, and nothing else, in the words of the daemon', async () => {
    const command = parse(['--http-port', '0', '--trust-pid-header', '--model', 'sim']);
    const settings = givenSettings(command, '/d');
    expect(asArguments(settings).toSorted()).toEqual(
      ['--data', '--http-port', '--model', '--trust-pid-header', '/d', '0', 'sim'].toSorted(),
    );
    const config = await loadConfig({ cwd: '/', env: {}, flags: settings });
    expect(config.daemon).toMatchObject({ httpPort: 0, trustPidHeader: true, dataDir: '/d' });
    expect(givenSettings(parse([]), undefined)).toEqual({});
  });

  it.each(['--dotenv', '--env-file'])('pass on the file that %s names', (flag) => {
    const settings = givenSettings(parse([flag, 'x.env']), undefined);
    expect(asArguments(settings)).toEqual(['--env-file', 'x.env']);
  });
});
