// For tests of thread groups: a process whose main thread has ended while another one lives. It
// reads as a zombie, with two threads, and only the one that lives has its environment.

import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { readProcStat } from '../os/process-group.ts';

/** The number of `exit`, which ends a thread and no more, by Node's name of the processor. */
const SYS_EXIT: Readonly<Partial<Record<string, number>>> = { x64: 60, arm64: 93 };
const number = SYS_EXIT[process.arch];

const SCRIPT = `
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).syscall(${number}, 0)
`;

/** Whether this machine can do it: Node has no such call. */
export const canEndMainThread =
  process.platform === 'linux' &&
  number !== undefined &&
  spawnSync('python3', ['-c', 'import ctypes, threading']).status === 0;

/** In a group of its own, which is for the caller to end. Resolves when its main thread is over. */
export async function startWithEndedMainThread(link: string): Promise<number> {
  const child = spawn('python3', ['-c', SCRIPT], {
    detached: true,
    env: { PATH: process.env['PATH'], HIVE_LINK: link },
    stdio: 'ignore',
  });
  const osPid = child.pid as number;
  for (;;) {
    const stat = await readProcStat(osPid);
    if (stat === undefined) throw new Error(`process ${osPid} has ended with its main thread`);
    if (stat.state === 'Z') return osPid;
    await delay(2);
  }
}
