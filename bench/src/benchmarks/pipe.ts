// A pipe between two agent processes, full of large and of small chunks, beside a bare OS pipe
// between two node processes on the same machine at the same time.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort } from '../benchmark.ts';
import { perSecond, repeat } from '../pump.ts';
import { median, warmedUp } from '../statistics.ts';

interface Counts {
  readonly large: number;
  readonly small: number;
  readonly rounds: number;
}

/** The first round warms up. */
const COUNTS: Readonly<Record<Effort, Counts>> = {
  full: { large: 2_000, small: 40_000, rounds: 8 },
  tiny: { large: 20, small: 200, rounds: 2 },
};

const LARGE_BYTES = 65_536;
const SMALL_BYTES = 64;
const BYTES_PER_MB = 1e6;
const WITHIN_MS = 4_000;
const BARE_READER = fileURLToPath(new URL('../agents/bare-reader.ts', import.meta.url));

export const pipe: Benchmark = {
  name: 'pipe',
  withinMs: 40_000,
  run: (ground) =>
    BenchDaemon.using(ground, async (daemon) => {
      const { large, small, rounds } = COUNTS[ground.effort];
      const rateOf = async (chunks: number, bytes: number): Promise<number> => {
        const params = { chunks, bytes, rounds };
        const rates = await daemon.measure({ agent: 'pipe-writer', params });
        return median(warmedUp(rates, 1));
      };
      const megabytes = ((await rateOf(large, LARGE_BYTES)) * LARGE_BYTES) / BYTES_PER_MB;
      const chunks = await rateOf(small, SMALL_BYTES);
      const bareRates = await bare({ chunks: large, rounds, signal: ground.signal });
      const bareMegabytes = median(warmedUp(bareRates, 1));
      const share = Math.round((100 * megabytes) / bareMegabytes);
      return [
        {
          name: 'pipe',
          value: megabytes,
          unit: 'MB/s',
          goal: 200,
          isHigherBetter: true,
          note: `64 KiB chunks; ${share} % of a bare OS pipe, ${Math.round(bareMegabytes)} MB/s`,
        },
        {
          name: 'pipe.chunks',
          value: chunks,
          unit: 'chunks/s',
          goal: 50_000,
          isHigherBetter: true,
          note: `${SMALL_BYTES} bytes each, one way, none put together`,
        },
      ];
    }),
};

/** MB/s, round by round, from this process to another one. */
async function bare(load: {
  chunks: number;
  rounds: number;
  signal: AbortSignal;
}): Promise<number[]> {
  const { chunks, rounds, signal } = load;
  const bytes = chunks * LARGE_BYTES;
  const reader = spawn(process.execPath, [BARE_READER, String(bytes)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(reader, 'exit');
  const chunk = new Uint8Array(LARGE_BYTES).fill(7);
  const { stdin, stdout } = reader;
  const measure = async (): Promise<number> => {
    const beganMs = performance.now();
    const read = once(stdout, 'data', { signal });
    for (let n = 0; n < chunks; n += 1) {
      if (!stdin.write(chunk)) await once(stdin, 'drain', { signal });
    }
    await read;
    return perSecond(bytes / BYTES_PER_MB, performance.now() - beganMs);
  };
  try {
    return await repeat({ count: rounds, withinMs: WITHIN_MS, measure });
  } finally {
    stdin.end();
    reader.kill();
    await exited;
  }
}
