// Looks for model servers that people run on their own machine. Loopback only, and only a server
// whose answer is truly a list of models counts.

import { get } from 'node:http';
import type { ModelInfo } from './chat.ts';
import { LLM_LIMITS } from './llm-limits.ts';
import { parseModelList } from './model-list.ts';

export interface LocalServer {
  readonly name: string;
  readonly title: string;
  readonly port: number;
}

export const LOCAL_SERVERS: readonly LocalServer[] = [
  { name: 'ollama', title: 'Ollama', port: 11_434 },
  { name: 'llamacpp', title: 'llama.cpp', port: 8_080 },
  { name: 'lmstudio', title: 'LM Studio', port: 1_234 },
  { name: 'vllm', title: 'vLLM', port: 8_000 },
];

export type ProbeResult =
  | { readonly found: true; readonly models: readonly ModelInfo[] }
  | { readonly found: false; readonly why: string };

export const baseUrlOf = (server: LocalServer): string => `http://127.0.0.1:${server.port}/v1`;

/** Never rejects: not being there is an answer. */
export async function probe(
  server: LocalServer,
  options: { timeoutMs: number },
): Promise<ProbeResult> {
  const where = `127.0.0.1:${server.port}`;
  let body: string;
  try {
    body = await fetchList(`${baseUrlOf(server)}/models`, options.timeoutMs);
  } catch (error) {
    return { found: false, why: reasonOf(error, { where, timeoutMs: options.timeoutMs }) };
  }
  const models = parseModelList(body);
  if (models === undefined) {
    return { found: false, why: `${where} answers, but not with a list of models` };
  }
  if (models.length > 0) return { found: true, models };
  return { found: false, why: `${server.title} runs on ${where}, but has no model loaded` };
}

function fetchList(url: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const request = get(url, { signal, agent: false }, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        reject(new Error(`answers ${response.statusCode ?? '?'} to GET /v1/models`));
        return;
      }
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes > LLM_LIMITS.modelListBytesMax) request.destroy(new Error('answers without end'));
      });
      response.on('end', () => resolve(Buffer.concat(pieces).toString('utf8')));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

function reasonOf(error: unknown, seen: { where: string; timeoutMs: number }): string {
  const { name, code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return `nothing listens on ${seen.where}`;
  if (name === 'AbortError' || name === 'TimeoutError') {
    return `${seen.where} did not answer within ${seen.timeoutMs} ms`;
  }
  return `${seen.where} ${message}`;
}
