// Ports that the configuration wants and somebody else has. A first run must not fail on a port
// that nobody chose: a taken default gives way to a free one, and says so. A port that was chosen
// does not.

import { createServer } from 'node:net';
import type { Config, Flags } from '@hivekernel/daemon/config';

export interface TakenPort {
  readonly what: string;
  /** Overrides that avoid it. */
  readonly flags: Flags;
}

const LOOPBACK = '127.0.0.1';

export async function freePorts(config: Config): Promise<TakenPort[]> {
  const taken: TakenPort[] = [];
  const isDefault = (key: string): boolean => config.origins[key]?.kind === 'default';
  const { httpPort, listen } = config.daemon;
  if (isDefault('http.port') && !(await isPortFree(httpPort))) {
    const what = `port ${httpPort} is taken; the model endpoint gets a free one`;
    taken.push({ what, flags: { 'http-port': '0' } });
  }
  const [door] = listen;
  if (isDefault('listen') && door?.kind === 'tcp' && !(await isPortFree(door.port))) {
    const what = `port ${door.port} is taken; gRPC gets a free one`;
    taken.push({ what, flags: { listen: ':0' } });
  }
  return taken;
}

/** Whether a server could listen there now. 0 is any free one. */
export function isPortFree(port: number): Promise<boolean> {
  if (port === 0) return Promise.resolve(true);
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: LOOPBACK, port }, () => server.close(() => resolve(true)));
  });
}
