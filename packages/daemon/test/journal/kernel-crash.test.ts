// The promise of DESIGN D3 and §4 under kill -9, with a real process that runs a kernel: every
// answer that left is true afterwards, and nobody who is gone is said to live.

import { asMessageId, asPid, type Kernel } from '@hivekernel/kernel';
import { SeededChance } from '@hivekernel/testkit';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SqliteStore } from '../../src/journal/sqlite/sqlite-store.ts';
import { withDir } from './journal-ground.ts';
import { Rig } from './kernel-ground.ts';

const ROUNDS = 6;
const SCRIPT = fileURLToPath(new URL('./crashing-kernel.ts', import.meta.url));

/** Runs one until it has said so many lines, kills it, and gives all that it said. */
async function runAndKill(dir: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [SCRIPT, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (said.length === lines) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return said;
}

/** What was said in all rounds, and must be so in every later one. */
class Book {
  readonly pids = new Set<number>();
  readonly agents = new Set<number>();
  readonly messages = new Map<number, number>();

  note(said: readonly string[]): void {
    for (const line of said) {
      const [what, pid, message] = line.split(' ');
      if (what === 'message') this.messages.set(Number(message), Number(pid));
      else {
        expect(this.pids.has(Number(pid)), `pid ${pid} is given twice`).toBe(false);
        this.pids.add(Number(pid));
        if (what === 'agent') this.agents.add(Number(pid));
      }
    }
  }

  check({ state }: Kernel): void {
    const lost = [...this.messages].filter(
      ([message, to]) => state.office.box(asPid(to))?.get(asMessageId(message)) === undefined,
    );
    expect(lost).toEqual([]);
    expect(state.table.nextN).toBeGreaterThan(Math.max(...this.pids));
  }
}

describe('a kernel that is killed -9 at work', () => {
  it(`keeps all that it answered, ${ROUNDS} times over (D3, P1)`, async () => {
    const chance = new SeededChance(7);
    await withDir(async (dir) => {
      const book = new Book();
      for (let round = 0; round < ROUNDS; round += 1) {
        book.note(await runAndKill(dir, 40 + chance.below(2_000)));
        const store = await SqliteStore.open({ dir, ballastBytes: 0 });
        await store.verify({ partition: 0 });
        const rig = await Rig.open({ store });
        book.check(rig.host.kernel);
        const content = [...new Set(rig.host.kernel.liveHashes())];
        const found = await Promise.all(content.map((hash) => store.getBlob(hash)));
        expect(found).not.toContain(undefined);
        rig.tell({ fact: 'booted', version: 'test', bootId: `check ${round}` });
        await rig.calm();
        for (const pid of book.agents) {
          const exit = rig.host.kernel.state.table.find(asPid(pid))?.exit;
          expect(exit?.cause ?? 'kernel_died').toBe('kernel_died');
        }
        await rig.host.close();
        await store.close();
      }
      expect(book.messages.size).toBeGreaterThan(ROUNDS * 20);
    });
  }, 120_000);
});
