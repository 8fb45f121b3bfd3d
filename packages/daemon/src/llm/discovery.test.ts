import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_ALIASES } from './aliases.ts';
import { discover } from './discovery.ts';
import type { Discovery, DiscoveryOptions } from './discovery.ts';
import { FakeUpstream, json } from './fake-upstream.ts';
import type { Behaviour } from './fake-upstream.ts';

const running: FakeUpstream[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

async function local(behaviour: Behaviour): Promise<number> {
  const server = new FakeUpstream(behaviour);
  running.push(server);
  await server.start();
  return server.port;
}

/** A port where surely nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const models = json({ object: 'list', data: [{ id: 'nomic-embed-text' }, { id: 'qwen3' }] });

async function look(options: Partial<DiscoveryOptions> = {}): Promise<Discovery> {
  const nobody = { name: 'ollama', title: 'Ollama', port: await closedPort() };
  return discover({ env: {}, probe: { servers: [nobody] }, ...options });
}

async function names(found: Discovery): Promise<Record<string, string>> {
  const rows = Object.keys(DEFAULT_ALIASES).map(async (alias) => {
    const { provider, model } = await found.catalog.resolve(alias);
    return [alias, `${provider.name}: ${model}`] as const;
  });
  return Object.fromEntries(await Promise.all(rows));
}

const NAMED = { name: 'named', baseUrl: 'http://127.0.0.1:1', requestsPerMinuteMax: 0 };
const SHARED = { requestsPerMinuteMax: 60, tokensPerMinuteMax: 9_000, concurrentMax: 4 };

describe('discover()', () => {
  it('limits each model as set for all, its provider, or the simulated one (B7)', async () => {
    const port = await local(models);
    const found = await look({
      providers: [NAMED],
      env: { OPENAI_API_KEY: 'k' },
      limits: SHARED,
      sim: { limits: { ...SHARED, concurrentMax: 1 } },
      probe: { servers: [{ name: 'ollama', title: 'Ollama', port }], always: true },
    });
    const limitsOf = (kind: string) =>
      found.candidates.find((one) => one.kind === kind && one.found)?.entry?.provider.limits;
    expect(limitsOf('configured')).toEqual({ ...SHARED, requestsPerMinuteMax: 0 });
    expect(limitsOf('key')).toEqual(SHARED);
    expect(limitsOf('local')).toEqual(SHARED);
    expect(limitsOf('simulated')).toEqual({ ...SHARED, concurrentMax: 1 });
  });

  it('sets no limits where none are wanted (B7)', async () => {
    const found = await look({ providers: [NAMED] });
    const [named, sim] = ['configured', 'simulated'].map(
      (kind) => found.candidates.find((one) => one.kind === kind)?.entry?.provider.limits,
    );
    expect(named).toEqual({ requestsPerMinuteMax: 0, tokensPerMinuteMax: 0, concurrentMax: 0 });
    expect(sim).toBeUndefined();
  });

  it('serves the simulated model when there is nothing else, and says why', async () => {
    const found = await look();
    expect(found.serving.name).toBe('sim');
    expect(found.line).toMatch(/^sim · simulated: no API key found, no local server on :\d+$/);
    expect(await names(found)).toEqual({
      opus: 'sim: sim/opus',
      sonnet: 'sim: sim/sonnet',
      mini: 'sim: sim/mini',
      haiku: 'sim: sim/haiku',
    });
    expect(await found.catalog.resolve('gpt-x')).toMatchObject({ model: 'sim/gpt-x' });
    expect(found.candidates.map(({ name, found: isFound }) => [name, isFound])).toEqual([
      ['openrouter', false],
      ['openai', false],
      ['ollama', false],
      ['sim', true],
    ]);
    expect(found.candidates[2]?.why).toContain('nothing listens');
  });

  it('takes a key before a local server, under the names of its provider', async () => {
    const port = await local(models);
    const probe = { servers: [{ name: 'ollama', title: 'Ollama', port }] };
    const env = { OPENROUTER_API_KEY: 'k', OPENAI_API_KEY: 'k' };
    const routed = await look({ env, probe });
    expect(routed.serving.name).toBe('openrouter');
    expect(await names(routed)).toMatchObject({ opus: 'openrouter: anthropic/claude-opus-4' });
    expect(routed.candidates.find(({ name }) => name === 'ollama')?.why).toContain('not asked');
    const direct = await look({ env: { OPENROUTER_API_KEY: ' ', OPENAI_API_KEY: 'k' } });
    expect(await names(direct)).toMatchObject({ mini: 'openai: gpt-4.1-mini' });
  });

  it('never keeps a key that only lies about beside the one that serves (W1)', async () => {
    const found = await look({ env: { OPENROUTER_API_KEY: 'k', OPENAI_API_KEY: 'k' } });
    expect(found.catalog.providers.map(({ name }) => name)).toEqual(['openrouter', 'sim']);
    expect(await found.catalog.resolve('openai/gpt-4o')).toMatchObject({ model: 'openai/gpt-4o' });
  });

  it('uses OPENAI_BASE_URL without a key, its first model for unknown aliases', async () => {
    const port = await local(models);
    const found = await look({ env: { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` } });
    expect(await names(found)).toMatchObject({ opus: 'openai: qwen3', haiku: 'openai: qwen3' });
  });

  it('finds a local server and gives its first chat model for the aliases', async () => {
    const port = await local(models);
    const found = await look({ probe: { servers: [{ name: 'ollama', title: 'Ollama', port }] } });
    expect(found.serving).toMatchObject({ name: 'ollama', kind: 'local' });
    expect(found.line).toBe(`Ollama (answers on 127.0.0.1:${port}, 2 models)`);
    expect(await names(found)).toMatchObject({ opus: 'ollama: qwen3' });
    expect(await found.catalog.resolve('nomic-embed-text')).toMatchObject({
      model: 'nomic-embed-text',
    });
  });

  it.each([
    ['a page', json('<html>')],
    ['other JSON', json({ data: [{ name: 'x' }] })],
    ['an error', json({ object: 'list', data: [{ id: 'x' }] }, 401)],
    ['an empty list', json({ object: 'list', data: null })],
  ])('does not take %s for a model server', async (_what, behaviour) => {
    const port = await local(behaviour);
    const found = await look({ probe: { servers: [{ name: 'vllm', title: 'vLLM', port }] } });
    expect(found.serving.name).toBe('sim');
  });

  it('does not wait for a server that does not answer', async () => {
    const port = await local(() => undefined);
    const servers = [{ name: 'vllm', title: 'vLLM', port }];
    const found = await look({ probe: { servers, timeoutMs: 30 } });
    expect(found.candidates.find(({ name }) => name === 'vllm')?.why).toContain('within 30 ms');
  });

  it('asks nobody when probing is off or the simulated model is wanted', async () => {
    const port = await local(models);
    const servers = [{ name: 'vllm', title: 'vLLM', port }];
    expect((await look({ probe: { servers, enabled: false } })).serving.name).toBe('sim');
    const wanted = await look({ model: 'sim', env: { OPENAI_API_KEY: 'k' }, probe: { servers } });
    expect(wanted.line).toBe('sim · simulated: as configured');
    expect(running[0]?.seen).toEqual([]);
  });

  it('puts a configured provider first, its models routed to it', async () => {
    const providers = [
      { name: 'mine', baseUrl: 'http://127.0.0.1:1/v1', models: ['big', 'small'] },
      { name: 'other', baseUrl: 'http://127.0.0.1:2/v1', models: ['tiny'] },
    ];
    const found = await look({ providers, env: { OPENROUTER_API_KEY: 'k' } });
    expect(found.serving.name).toBe('mine');
    expect(await names(found)).toMatchObject({ opus: 'mine: big', mini: 'mine: big' });
    expect(await found.catalog.resolve('tiny')).toMatchObject({ provider: { name: 'other' } });
    expect(await found.catalog.resolve('other/x')).toMatchObject({ model: 'x' });
    const listed = (await found.catalog.models()).map(({ id }) => id);
    expect(listed).toEqual(expect.arrayContaining(['opus', 'big', 'other/tiny', 'sim/opus']));
  });

  it('uses own aliases, also across providers', async () => {
    const providers = [
      { name: 'mine', baseUrl: 'http://127.0.0.1:1/v1', models: ['big', 'small'] },
    ];
    const found = await look({
      providers,
      aliases: { haiku: 'small', opus: 'sim/opus', fast: 'small' },
    });
    expect(await names(found)).toMatchObject({ haiku: 'mine: small', opus: 'sim: sim/opus' });
    expect(await found.catalog.resolve('fast')).toMatchObject({ model: 'small', alias: 'fast' });
  });

  it('lets one model stand for all aliases', async () => {
    const port = await local(models);
    const servers = [{ name: 'ollama', title: 'Ollama', port }];
    const found = await look({
      model: 'ollama/qwen3',
      env: { OPENROUTER_API_KEY: 'k' },
      probe: { servers },
    });
    expect(found.serving.name).toBe('ollama');
    expect(await names(found)).toMatchObject({ opus: 'ollama: qwen3', mini: 'ollama: qwen3' });
    const foreign = await look({ model: 'openai/gpt-4o', env: { OPENROUTER_API_KEY: 'k' } });
    expect(await names(foreign)).toMatchObject({ opus: 'openrouter: openai/gpt-4o' });
  });

  it.each([
    [
      'a key that is not set',
      { providers: [{ name: 'mine', baseUrl: 'http://h/v1', apiKeyEnv: 'MY_KEY' }] },
      'Set MY_KEY',
    ],
    ['a preset without its key', { providers: [{ name: 'openrouter' }] }, 'Set OPENROUTER_API_KEY'],
    ['a provider that is not there', { model: 'openrouter' }, 'Set OPENROUTER_API_KEY'],
    ['a server that does not run', { model: 'ollama/qwen3' }, 'Start Ollama'],
    ['a model that nobody serves', { model: 'gpt-x' }, 'Set OPENROUTER_API_KEY or OPENAI_API_KEY'],
  ])('refuses %s plainly (W2)', async (_what, options, remedy) => {
    await expect(look(options)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(look(options)).rejects.toThrow(remedy);
  });

  it.each([
    [{ name: 'sim', baseUrl: 'http://h' }],
    [{ name: 'x' }],
    [{ name: 'x', baseUrl: 'file:///etc/passwd' }],
    [{ name: 'a/b', baseUrl: 'http://h' }],
    [{ name: 'x', baseUrl: 'http://user:secret@h' }],
  ])('refuses the provider entry %j', async (entry) => {
    await expect(look({ providers: [entry] })).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});
