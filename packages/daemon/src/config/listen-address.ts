// Where the gRPC door listens: `:50051`, `host:port`, `[::1]:port`, `unix:///path`.
//   Loopback only: TCP beyond it needs TLS and a token, and is refused here (DESIGN §7).
//   A bare `:port` and `localhost` mean both loopback addresses, IPv4 and IPv6 (PROTOCOL §6).

import { isIPv4 } from 'node:net';
import { list } from './value-kinds.ts';
import type { Kind } from './value-kinds.ts';

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly hosts: readonly string[]; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

const PORT_MAX = 65_535;
/** What a Unix socket address holds (107 bytes and the end mark). */
const SOCKET_PATH_BYTES_MAX = 107;
const BOTH_LOOPBACKS = ['127.0.0.1', '::1'] as const;

type Reading =
  | { readonly ok: true; readonly address: ListenAddress }
  | { readonly ok: false; readonly what: string };

/** Reads one address; `what` says what is wrong with it. */
export function readListenAddress(text: string): Reading {
  if (text.startsWith('unix:')) return readUnix(text);
  const parts = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text);
  if (!parts) return { ok: false, what: `${JSON.stringify(text)} is not an address` };
  const port = Number(parts[3]);
  if (port > PORT_MAX) return { ok: false, what: `port ${port} is above ${PORT_MAX}` };
  const hosts = loopbackHosts(parts[1] ?? parts[2] ?? '');
  if (!hosts) {
    return { ok: false, what: `${JSON.stringify(text)} is beyond loopback, without TLS` };
  }
  return { ok: true, address: { kind: 'tcp', hosts, port } };
}

function loopbackHosts(host: string): readonly string[] | undefined {
  if (host === '' || host === 'localhost') return BOTH_LOOPBACKS;
  if (host === '::1') return [host];
  return isIPv4(host) && host.startsWith('127.') ? [host] : undefined;
}

function readUnix(text: string): Reading {
  const path = /^unix:\/\/(\/[^\0]+)$/.exec(text)?.[1];
  if (path === undefined) return { ok: false, what: `${JSON.stringify(text)} is not absolute` };
  const lengthBytes = Buffer.byteLength(path);
  if (lengthBytes > SOCKET_PATH_BYTES_MAX) {
    return { ok: false, what: `a socket path of ${lengthBytes} bytes is too long` };
  }
  return { ok: true, address: { kind: 'unix', path } };
}

export function listenList(): Kind<readonly string[]> {
  return list({
    allowed:
      ':PORT, a loopback HOST:PORT, unix:///PATH ' +
      `(at most ${SOCKET_PATH_BYTES_MAX} bytes), or a list of them`,
    check(item) {
      const reading = readListenAddress(item);
      return reading.ok ? undefined : reading.what;
    },
  });
}
