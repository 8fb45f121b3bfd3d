import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DEFAULT_SETTINGS, KernelError } from '@hivekernel/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import type { Config, ConfigRequest } from './load.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hive-config-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function put(path: string, text: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(dir, path)), { recursive: true });
  await writeFile(join(dir, path), text);
}

/** An environment of our own: the machine's never decides a test. */
/** How many processes run at a time is the machine's matter. */
const HERE = { ...DEFAULT_SETTINGS, osProcessesMax: expect.any(Number) as number };

const load = (request: Partial<ConfigRequest> = {}): Promise<Config> =>
  loadConfig({ cwd: dir, ...request, env: { HOME: join(dir, 'home'), ...request.env } });

async function failure(request: Partial<ConfigRequest> = {}): Promise<KernelError> {
  try {
    await load(request);
  } catch (error) {
    if (error instanceof KernelError) return error;
    throw error;
  }
  throw new Error('the configuration was taken');
}

/** The report's lines after its head. */
const problems = async (request: Partial<ConfigRequest> = {}): Promise<string[]> =>
  (await failure(request)).message
    .split('\n')
    .slice(1)
    .map((line) => line.trim());

describe('loadConfig() without any source', () => {
  it('has the defaults, and the data beside the working directory', async () => {
    const config = await load();
    expect(config.kernel).toEqual(HERE);
    expect(config.daemon.dataDir).toBe(join(dir, '.hive'));
    expect(config.daemon.listen).toEqual([
      { kind: 'tcp', hosts: ['127.0.0.1', '::1'], port: 50_051 },
    ]);
    expect(config.files).toEqual({ projectDir: dir });
    expect(config.warnings).toEqual([]);
    expect(config.origins['data']).toEqual({ kind: 'default', where: 'default' });
  });

  it('is frozen to the last level', async () => {
    const config = await load();
    const parts = [config, config.kernel.spawnDefaults, config.daemon.models.aliases, config.env];
    expect(parts.every(Object.isFrozen)).toBe(true);
    expect(Object.isFrozen(config.daemon.listen[0])).toBe(true);
  });
});

describe('loadConfig() with files', () => {
  it('reads the limits of models, and refuses what is none (B7)', async () => {
    await put('hive.yaml', 'models: {requests_per_minute: 60}\nsim: {concurrent: 2}\n');
    const { models, sim } = (await load()).daemon;
    const none = { requestsPerMinuteMax: 0, tokensPerMinuteMax: 0, concurrentMax: 0 };
    expect(models.limits).toEqual({ ...none, requestsPerMinuteMax: 60 });
    expect(sim.limits).toEqual({ ...none, concurrentMax: 2 });
    const wrong = load({ env: { HIVE_MODELS_TOKENS_PER_MINUTE: '-5' } });
    await expect(wrong).rejects.toThrow('HIVE_MODELS_TOKENS_PER_MINUTE');
  });

  it('finds hive.yaml upward; its directory is the project', async () => {
    await put('hive.yaml', 'http: {port: 7701}\n');
    await put('a/b/x', '');
    const config = await load({ cwd: join(dir, 'a/b') });
    expect(config.daemon.httpPort).toBe(7_701);
    expect(config.daemon.dataDir).toBe(join(dir, '.hive'));
    expect(config.files).toEqual({ projectDir: dir, project: join(dir, 'hive.yaml') });
    const where = `${join(dir, 'hive.yaml')}:1:14`;
    expect(config.origins['http.port']).toEqual({ kind: 'project_file', where });
  });

  it('takes the nearest one', async () => {
    await put('hive.yaml', 'node: far\n');
    await put('a/hive.yaml', 'http.port: 1\n');
    const config = await load({ cwd: join(dir, 'a') });
    expect([config.daemon.httpPort, config.kernel.nodeName]).toEqual([1, 'vps1']);
  });

  it('reads the file that is named instead', async () => {
    await put('hive.yaml', 'node: near\n');
    await put('other/swarm.yaml', 'node: named\n');
    const config = await load({ file: 'other/swarm.yaml' });
    expect(config.kernel.nodeName).toBe('named');
    expect(config.files.projectDir).toBe(join(dir, 'other'));
    expect(await problems({ file: 'none.yaml' })).toEqual(['none.yaml: there is no such file']);
  });

  it("puts hive.yaml over the user's file, aliases entry by entry", async () => {
    await put('home/.config/hive/config.yaml', 'node: u\nmodels: {aliases: {mini: u/m, x: u/x}}\n');
    await put('hive.yaml', 'models:\n  aliases:\n    x: p/x\n');
    const config = await load();
    expect(config.kernel.nodeName).toBe('u');
    expect(config.daemon.models.aliases).toEqual({
      opus: 'anthropic/claude-opus-4',
      sonnet: 'anthropic/claude-sonnet-4.5',
      mini: 'u/m',
      x: 'p/x',
      haiku: 'anthropic/claude-3.5-haiku',
    });
    expect(config.origins['models.aliases.x']?.where).toBe('hive.yaml:3:8');
    expect(config.origins['models.aliases.mini']?.kind).toBe('user_file');
    expect(config.origins['models.aliases.opus']?.kind).toBe('default');
  });

  it('reads XDG_CONFIG_HOME, and ignores a relative one', async () => {
    await put('xdg/hive/config.yaml', 'node: x\n');
    const absolute = await load({ env: { XDG_CONFIG_HOME: join(dir, 'xdg') } });
    expect(absolute.kernel.nodeName).toBe('x');
    const relative = await load({ env: { XDG_CONFIG_HOME: 'xdg' } });
    expect(relative.kernel.nodeName).toBe('vps1');
  });

  it('resolves a relative data directory at what names it, and ~ at home', async () => {
    await put('hive.yaml', 'data: state\n');
    await put('sub/x', '');
    const cwd = join(dir, 'sub');
    expect((await load({ cwd })).daemon.dataDir).toBe(join(dir, 'state'));
    expect((await load({ cwd, env: { HIVE_DATA: 'e' } })).daemon.dataDir).toBe(join(cwd, 'e'));
    expect((await load({ cwd, flags: { data: '~/d' } })).daemon.dataDir).toBe(join(dir, 'home/d'));
  });

  it('takes an empty file, an empty section, anchors, and a byte order mark', async () => {
    await put('hive.yaml', '# nothing\n');
    expect((await load()).kernel).toEqual(HERE);
    await put('hive.yaml', '\uFEFFspawn:\nsignals: {term_grace: &t 9s}\nrecords: {kept: *t}\n');
    expect((await load()).kernel).toMatchObject({ termGraceMs: 9_000, recordKeptMs: 9_000 });
  });

  it('warns of a hive.yml that nothing reads', async () => {
    await put('hive.yml', 'node: x\n');
    expect((await load()).warnings).toEqual(['hive.yml is not read; the file is named hive.yaml']);
  });
});

describe('loadConfig() with what is wrong', () => {
  it('reports all of it at once, with line, key and what is allowed', async () => {
    await put(
      'hive.yaml',
      [
        'http:',
        '  port: 99999',
        'spawn:',
        '  outrank: perhaps',
        '  defualts: {children_max: 3}',
        'heartbeat: {interval: fast}',
        'listen: [":1", "0.0.0.0:1"]',
        'providers:',
        '  - {name: a, base_url: "http://x"}',
        '  - name: a',
        '    base_url: nowhere',
        'log: loud',
        '',
      ].join('\n'),
    );
    const request = { env: { HIVE_SIM_SEED: 'x' }, flags: { logLevel: 'loud' } };
    const error = await failure(request);
    expect(error.code).toBe('invalid_argument');
    expect(error.details).toMatchObject({ problems: 10, reason: 'configuration' });
    const found = (await problems(request)).map((line) => line.replace(/; allowed: .*/, ''));
    expect(found).toEqual([
      'hive.yaml:5:3: spawn.defualts: unknown key; did you mean spawn.defaults?',
      'hive.yaml:12:6: log: this is not a map',
      'hive.yaml:7:16: listen[1]: "0.0.0.0:1" is beyond loopback, without TLS',
      'hive.yaml:2:9: http.port: 99999 is too large',
      '--log-level: log.level: "loud" is none of the choices',
      'hive.yaml:11:15: providers[1].base_url: base_url "nowhere" is not an http or https URL',
      'hive.yaml:10:11: providers[1].name: the name "a" is given twice',
      'HIVE_SIM_SEED: sim.seed: "x" is not an integer',
      'hive.yaml:4:12: spawn.outrank: "perhaps" is none of the choices',
      'hive.yaml:6:23: heartbeat.interval: "fast" is not a duration',
    ]);
    expect(error.message).toContain('too large; allowed: an integer from 0 to 65535');
    expect(error.message).toContain('choices; allowed: one of deny, allow');
  });

  it.each([
    ['a: [1\nb: 2\n', /^hive\.yaml:2:1: /],
    ['http: {port: 1}\nhttp: {port: 2}\n', /^hive\.yaml:2:1: this key is given twice$/],
    ['http: {port: 1}\nhttp.port: 2\n', /^hive\.yaml:2:1: http\.port: this key is given twice$/],
    ['http:\n  port:\n', /^hive\.yaml:2:3: http\.port: it has no value/],
    ['- a\n', /^hive\.yaml:1:1: this is not a map$/],
    ['node: 5\n', /^hive\.yaml:1:7: node: 5 is not text \(put it in quotes\)/],
    ['node: {a: b}\n', /^hive\.yaml:1:7: node: a map is not text/],
    ['node: !secret x\n', /^hive\.yaml:1:7: Unresolved tag/],
    ['node: a\n---\nnode: b\n', /^hive\.yaml:2:1: .*multiple documents/],
    ['5: a\n', /^hive\.yaml:1:1: /],
    ['children_max: 3\n', /^hive\.yaml:1:1: children_max: unknown key; did you mean king\.child/],
    ['api_key: sk-secret\n', /^hive\.yaml:1:1: api_key: unknown key$/],
    ['node: *none\n', /^hive\.yaml:1:7: /],
    ['node: &a [*a]\n', /^hive\.yaml:1:/],
  ])('names the place in %j', async (text, expected) => {
    await put('hive.yaml', text);
    const found = await problems();
    expect(found[0]).toMatch(expected);
    expect(found.join()).not.toContain('sk-secret');
  });

  it('refuses a file that is not text, too large, or no file', async () => {
    await put('hive.yaml', new Uint8Array([0x6e, 0xff, 0xfe]));
    expect(await problems()).toEqual(['hive.yaml: this is not UTF-8 text']);
    await put('hive.yaml', '#'.repeat(2_000_000));
    expect(await problems()).toEqual(['hive.yaml: 2000000 bytes are too many for this file']);
    await rm(join(dir, 'hive.yaml'));
    await mkdir(join(dir, 'hive.yaml'));
    expect(await problems()).toEqual(['hive.yaml: this is not a regular file']);
    await rm(join(dir, 'hive.yaml'), { recursive: true });
    await symlink('hive.yaml', join(dir, 'hive.yaml'));
    expect((await load()).files.project).toBeUndefined();
  });

  it('validates what a higher source overrides', async () => {
    await put('hive.yaml', 'http: {port: many}\n');
    expect(await problems({ flags: { 'http-port': '1' } })).toHaveLength(1);
  });

  it('refuses to call an agent unresponsive before it is asked (S6)', async () => {
    await put('hive.yaml', 'heartbeat:\n  interval: 40s\n');
    expect((await problems())[0]).toMatch(/^hive\.yaml:2:13: heartbeat\.interval: .*\(after 30s\)/);
    const request = { env: { HIVE_HEARTBEAT_UNRESPONSIVE_AFTER: '40s' } };
    expect((await load(request)).kernel.unresponsiveAfterMs).toBe(40_000);
  });

  it('counts what is beyond its limit of lines', async () => {
    await put('hive.yaml', Array.from({ length: 60 }, (_, n) => `zz${n}: 1\n`).join(''));
    const found = await problems();
    expect(found).toHaveLength(51);
    expect(found.at(-1)).toBe('… and 10 more');
  });
});

describe('loadConfig() with the environment', () => {
  it('warns of a HIVE_* that is no setting, with the nearest one', async () => {
    const env = { HIVE_MODLE: 'x', HIVE_ZZZZZZ: '1', HIVE_COMPILE_CACHE: 'x', HIVEKERNEL_PID: '1' };
    expect((await load({ env })).warnings).toEqual([
      'HIVE_MODLE is not a setting and is ignored; did you mean HIVE_MODEL?',
      'HIVE_ZZZZZZ is not a setting and is ignored',
    ]);
  });

  it('counts an empty variable as not set', async () => {
    const config = await load({ env: { HIVE_MODEL: '', HIVE_HTTP_PORT: '' } });
    expect(config.origins['http.port']?.kind).toBe('default');
  });

  it('warns of a header that anybody can forge, and of a key over plain http', async () => {
    await put(
      'hive.yaml',
      'providers:\n' +
        '  - {name: far, base_url: "http://example.org/v1", api_key_env: FAR_KEY}\n' +
        '  - {name: near, base_url: "http://127.0.0.1:1/v1", api_key_env: NEAR_KEY}\n',
    );
    expect((await load({ flags: { trustPidHeader: true } })).warnings).toEqual([
      'hive.yaml:2:3: the key of provider far goes over plain http',
      'trust_pid_header is on (--trust-pid-header): any local program may act as any process',
    ]);
  });
});

describe('loadConfig() with .env', () => {
  it('adds what is not set, and names it', async () => {
    await put('.env', 'OPENROUTER_API_KEY=sk-or-v1-0123456789abcf3a\nA=file\nHIVE_HTTP_PORT=7\n');
    const config = await load({ env: { A: 'set' } });
    expect(config.env).toMatchObject({
      OPENROUTER_API_KEY: 'sk-or-v1-0123456789abcf3a',
      A: 'set',
    });
    expect(config.dotenvNames).toEqual(['OPENROUTER_API_KEY', 'HIVE_HTTP_PORT']);
    expect(config.files.env).toBe(join(dir, '.env'));
    expect(config.daemon.httpPort).toBe(7);
    const where = 'HIVE_HTTP_PORT (.env:3)';
    expect(config.origins['http.port']).toEqual({ kind: 'env', where });
  });

  it('never overrides what is set, even to nothing', async () => {
    await put('.env', 'A=1\n');
    const config = await load({ env: { A: '' } });
    expect([config.env['A'], config.dotenvNames]).toEqual(['', []]);
  });

  it('lies beside hive.yaml', async () => {
    await put('hive.yaml', '');
    await put('.env', 'A=project\n');
    await put('sub/.env', 'A=sub\n');
    expect((await load({ cwd: join(dir, 'sub') })).env['A']).toBe('project');
  });

  it('is another file by --env-file, which must be there', async () => {
    await put('.env', 'A=1\n');
    await put('other.env', 'A=2\n');
    expect((await load({ flags: { 'env-file': 'other.env' } })).env['A']).toBe('2');
    const missing = { flags: { envFile: 'none.env' } };
    expect(await problems(missing)).toEqual(['none.env: there is no such file']);
  });

  it('names its bad lines beside the other problems', async () => {
    await put('.env', 'A=1\nsk-secret\nHIVE_HTTP_PORT=x\n');
    const found = await problems();
    expect(found[0]).toBe('.env:2: this is not NAME=value');
    expect(found[1]).toMatch(/^HIVE_HTTP_PORT \(\.env:3\): http\.port: "x" is not an integer/);
  });
});

describe('loadConfig() with keys', () => {
  it('reads a key from the file that NAME_FILE names', async () => {
    await put(
      'hive.yaml',
      'providers: [{name: a, base_url: "https://x/v1", api_key_env: A_KEY}]\n',
    );
    await put('.env', 'A_KEY_FILE=secrets/a\n');
    await put('secrets/a', 'sk-0123456789abcdef\n');
    const config = await load();
    expect(config.env['A_KEY']).toBe('sk-0123456789abcdef');
    expect(config.secrets).toEqual([
      { name: 'OPENROUTER_API_KEY' },
      { name: 'OPENAI_API_KEY' },
      { name: 'A_KEY', shown: 'sk-…def', where: 'env A_KEY_FILE (.env:1)' },
    ]);
  });

  it('prefers NAME, and says so', async () => {
    const env = { OPENAI_API_KEY: 'sk-0123456789abcdef', OPENAI_API_KEY_FILE: '/none' };
    const config = await load({ env });
    expect(config.warnings).toEqual([
      'OPENAI_API_KEY and OPENAI_API_KEY_FILE are both set; OPENAI_API_KEY is used',
    ]);
    expect(config.env['OPENAI_API_KEY']).toBe('sk-0123456789abcdef');
  });

  it.each([
    ['none', undefined, 'there is no such file'],
    ['empty', ' \n', 'the file is empty'],
    ['two', 'sk-a sk-b\n', 'the file holds more than one word'],
  ])('refuses a key file: %s', async (name, text, what) => {
    if (text !== undefined) await put(name, text);
    const found = await problems({ env: { OPENAI_API_KEY_FILE: name } });
    expect(found).toEqual([`OPENAI_API_KEY_FILE: ${join(dir, name)}: ${what}`]);
  });
});
