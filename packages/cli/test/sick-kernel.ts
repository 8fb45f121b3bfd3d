// A kernel that answers and cannot tell its status, as a program: `sick-kernel.ts DATA_DIR HOW`.
// `stops`: it ends when it is asked to; `deaf`: it fails that call, too, and ends by SIGTERM alone.

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ServerSession, readHello, socketStream } from '@hivekernel/protocol/link';
import type { IncomingCall } from '@hivekernel/protocol/link';

const [dataDir = '', how = ''] = process.argv.slice(2);
const adminSocket = join(dataDir, `${process.pid}.sock`);
const HELLO_MS = 10_000;

function serve(call: IncomingCall): void {
  if (call.body.$case === 'stopKernel' && how === 'stops') {
    call.reply({ $case: 'done', value: {} });
    setImmediate(() => process.exit(0));
    return;
  }
  const value = { code: 'internal', message: 'It failed: invalid uint64: 1e300', details: {} };
  call.reply({ $case: 'error', value });
}

const server = createServer((socket) => {
  const signal = AbortSignal.timeout(HELLO_MS);
  void readHello(socketStream(socket), { signal }).then((pending) => {
    const session = new ServerSession({
      mayCallAs: () => true,
      handlers: {
        onCall: serve,
        onCancel: () => undefined,
        onGarbage: () => session.close(),
        onDetached: () => session.close(),
      },
    });
    session.attach(pending, { kernelVersion: '0', bootId: 'sick', resumeSecret: '' });
  });
});

server.listen(adminSocket, () => {
  const run = { osPid: process.pid, bootId: 'sick', adminSocket, httpUrl: '', grpcAddress: '' };
  writeFileSync(join(dataDir, 'run.json'), JSON.stringify(run));
  console.log('ready');
});
