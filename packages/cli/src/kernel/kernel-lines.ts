// The lines that tell of a kernel that was just started (UX §7.1).
// They go to stderr: stdout belongs to the answer.

import { showSpan } from '../output/human.ts';
import { safeLine } from '../output/plain-text.ts';
import type { Terminal } from '../output/terminal.ts';
import { shownPath } from './reach-kernel.ts';
import type { HostedKernel } from './hosted-kernel.ts';
import { cliVersion } from '../version.ts';

const HEAD_WIDTH = 8;

export function kernelLines(kernel: HostedKernel, cwd: string): string[] {
  const { daemon, config, dataDir, isNew, startMs } = kernel;
  const { adminSocket, httpUrl, grpcAddress } = daemon.info;
  const places = [`unix:${adminSocket}`, httpUrl, grpcAddress].filter((place) => place !== '');
  const state = `state in ${shownPath(dataDir, cwd)}${isNew ? ' (new)' : ''}`;
  const lines = [
    `hive ${cliVersion()} · node ${process.versions.node} · ${state}`,
    head('model', safeLine(daemon.model.line)),
    head('kernel', `${places.join(' · ')}   started in ${showSpan(startMs)}`),
  ];
  const { dotenvNames } = config;
  if (dotenvNames.length > 0) lines.push(head('env', `${dotenvNames.join(', ')} from .env`));
  return lines;
}

/** `model   …`. */
export const head = (name: string, text: string): string => `${name.padEnd(HEAD_WIDTH)}${text}`;

export function printLines(terminal: Terminal, lines: readonly string[]): void {
  for (const line of lines) terminal.note(line);
}
