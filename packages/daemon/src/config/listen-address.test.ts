import { describe, expect, it } from 'vitest';
import { listenList, readListenAddress } from './listen-address.ts';

describe('readListenAddress()', () => {
  it.each([
    [':50051', ['127.0.0.1', '::1'], 50_051],
    ['localhost:0', ['127.0.0.1', '::1'], 0],
    ['127.0.0.1:80', ['127.0.0.1'], 80],
    ['127.1.2.3:80', ['127.1.2.3'], 80],
    ['[::1]:65535', ['::1'], 65_535],
  ])('reads %s', (text, hosts, port) => {
    expect(readListenAddress(text)).toEqual({ ok: true, address: { kind: 'tcp', hosts, port } });
  });

  it('reads an absolute Unix socket', () => {
    const address = { kind: 'unix', path: '/run/hive.sock' };
    expect(readListenAddress('unix:///run/hive.sock')).toEqual({ ok: true, address });
  });

  it.each([
    ['0.0.0.0:50051', /beyond loopback/],
    ['[::]:50051', /beyond loopback/],
    ['10.0.0.5:50051', /beyond loopback/],
    ['example.org:50051', /beyond loopback/],
    ['127.evil.example:1', /beyond loopback/],
    [':65536', /above 65535/],
    ['50051', /not an address/],
    ['::1:50051', /not an address/],
    [':', /not an address/],
    ['', /not an address/],
    ['unix:hive.sock', /not absolute/],
    [`unix:///${'x'.repeat(107)}`, /108 bytes/],
  ])('refuses %s', (text, what) => {
    expect(readListenAddress(text)).toMatchObject({
      ok: false,
      what: expect.stringMatching(what) as string,
    });
  });
});

describe('listenList()', () => {
  it('reads one address, several, or none', () => {
    const kind = listenList();
    expect(kind.parse(':1')).toEqual({ ok: true, value: [':1'] });
    expect(kind.parse([':1', 'unix:///s'])).toEqual({ ok: true, value: [':1', 'unix:///s'] });
    expect(kind.parse([])).toEqual({ ok: true, value: [] });
  });

  it('names the address that is wrong', () => {
    expect(kindProblems([':1', '8.8.8.8:1'])).toEqual([[1]]);
  });
});

function kindProblems(raw: unknown): unknown[] {
  const parsed = listenList().parse(raw);
  return parsed.ok ? [] : parsed.problems.map(({ path }) => path);
}
