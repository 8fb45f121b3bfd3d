import { describe, expect, it } from 'vitest';
import { providerList } from './provider-kind.ts';

const kind = providerList();
const URL_OK = 'https://api.example.org/v1';

function problemsOf(raw: unknown): string[] {
  const parsed = kind.parse(raw);
  return parsed.ok ? [] : parsed.problems.map(({ path, what }) => `${path.join('.')}|${what}`);
}

describe('providerList()', () => {
  it('reads a full entry and a minimal one', () => {
    const full = { name: 'a', base_url: `${URL_OK}/`, api_key_env: 'A_KEY', models: ['m/x:free'] };
    expect(kind.parse([full, { name: 'b', base_url: 'http://127.0.0.1:9000' }])).toEqual({
      ok: true,
      value: [
        { name: 'a', baseUrl: URL_OK, apiKeyEnv: 'A_KEY', models: ['m/x:free'] },
        { name: 'b', baseUrl: 'http://127.0.0.1:9000' },
      ],
    });
  });

  it('reads what show() wrote', () => {
    const value = [{ name: 'a', baseUrl: URL_OK, apiKeyEnv: 'A_KEY', models: ['m'] }];
    expect(kind.parse(kind.show(value))).toEqual({ ok: true, value });
  });

  it.each<[unknown, string]>([
    ['not json', '|this is not a list of providers'],
    [{ name: 'a' }, '|this is not a list of providers'],
    [['a'], '0|an entry is a map'],
    [[null], '0|an entry is a map'],
    [
      [{ name: 'a', base_url: URL_OK, concurrent_max: 0 }],
      '0.concurrent_max|concurrent_max 0 is too small',
    ],
    [
      [{ name: 'a', base_url: URL_OK, requests_per_minute: -1 }],
      '0.requests_per_minute|requests_per_minute -1 is too small',
    ],
    [
      [{ name: 'a', base_url: URL_OK, tokens_per_minute: 'many' }],
      '0.tokens_per_minute|tokens_per_minute "many" is not an integer',
    ],
    [[{ base_url: URL_OK }], '0|the name is missing'],
    [[{ name: 'a' }], '0|base_url is missing'],
    [[{ name: 'A b', base_url: URL_OK }], '0.name|the name "A b" does not fit'],
    [[{ name: 'sim', base_url: URL_OK }], '0.name|the name "sim" is taken by the kernel'],
    [
      [{ name: 'a', base_url: 'ftp://x' }],
      '0.base_url|base_url "ftp://x" is not an http or https URL',
    ],
    [[{ name: 'a', base_url: URL_OK, models: 'm' }], '0.models|models: "m" is not a list'],
    [
      [{ name: 'a', base_url: URL_OK, models: ['m', 'a b'] }],
      '0.models.1|the model "a b" does not fit',
    ],
    [[{ name: 'a', base_url: URL_OK, url: 'x' }], '0.url|unknown field "url"'],
  ])('refuses %j', (raw, problem) => {
    expect(problemsOf(raw).join('\n')).toContain(problem);
  });

  it('needs no base_url for a provider that is known by its name', () => {
    const value = [{ name: 'openrouter', concurrentMax: 4 }];
    expect(kind.parse([{ name: 'openrouter', concurrent_max: 4 }])).toEqual({ ok: true, value });
    expect(kind.parse(kind.show(value))).toEqual({ ok: true, value });
  });

  it('reads the limits of its models, 0 among them (B7)', () => {
    const own = { requestsPerMinuteMax: 0, tokensPerMinuteMax: 90_000 };
    const value = [{ name: 'openrouter', ...own }];
    const raw = { name: 'openrouter', requests_per_minute: 0, tokens_per_minute: 90_000 };
    expect(kind.parse([raw])).toEqual({ ok: true, value });
    expect(kind.parse(kind.show(value))).toEqual({ ok: true, value });
  });

  it('refuses a name that is given twice', () => {
    const one = { name: 'a', base_url: URL_OK };
    expect(problemsOf([one, one])).toEqual(['1.name|the name "a" is given twice']);
  });

  it.each([
    { name: 'a', base_url: URL_OK, api_key_env: 'sk-verysecret123456' },
    { name: 'a', base_url: URL_OK, api_key: 'sk-verysecret123456' },
    { name: 'a', base_url: 'https://user:verysecret@example.org' },
  ])('refuses a key in the file without repeating it (%#)', (entry) => {
    const problems = problemsOf([entry]);
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain('verysecret');
  });
});
