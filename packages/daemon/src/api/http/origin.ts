// Keeps web pages of strangers away from a port on loopback: a page whose name was rebound to
// 127.0.0.1 still sends its own name as Host, and its own address as Origin.

import { KernelError } from '@hivekernel/kernel';

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

export function isLoopbackName(name: string): boolean {
  return LOOPBACK_NAMES.has(name.toLowerCase());
}

/** Throws `permission_denied`. A request without Origin does not come from a page. */
export function checkOrigin(headers: {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}): void {
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  if (!isLoopbackName(host)) {
    throw new KernelError('permission_denied', `The host '${host}' is not served here.`);
  }
  const { origin } = headers;
  if (origin === undefined) return;
  const isOurs = URL.canParse(origin) && isLoopbackName(new URL(origin).hostname);
  if (!isOurs) {
    throw new KernelError('permission_denied', `Pages of '${origin}' may not call the kernel.`);
  }
}
