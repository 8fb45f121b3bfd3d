// What a spawn request asks to run. Our own runtime is meant by its number, or by an image with
// `#` where the number is left 0 (PROTOCOL §2); an empty image is a virtual process, in any case.

import { KernelError } from '@hivekernel/kernel';
import type { agent } from '@hivekernel/protocol';
import { path } from './bounds.ts';

/** RUNTIME_NODE of agent.proto. */
const NODE = 100;
const PYTHON = 0;

const RUNTIMES: Readonly<Record<number, string>> = {
  0: 'python',
  1: 'claw',
  2: 'custom',
  100: 'node',
};

/** Throws `invalid_argument` for an unknown number, `unimplemented` for what is not served yet. */
export function imageOf(q: Pick<agent.SpawnRequest, 'runtimeType' | 'runtimeImage'>): string {
  const type: number = q.runtimeType;
  const runtime = RUNTIMES[type];
  if (runtime === undefined) {
    throw new KernelError(
      'invalid_argument',
      `runtime_type ${type} is not known; known are: 0 python, 1 claw, 2 custom, 100 node.`,
      { details: { field: 'runtime_type', value: type } },
    );
  }
  const image = path(q.runtimeImage, 'runtime_image');
  const isOurs = type === NODE || (type === PYTHON && image.includes('#'));
  if (image === '' || isOurs) return image;
  throw new KernelError(
    'unimplemented',
    'python, claw and custom runtimes are not served by this version; ' +
      `runtime_type is ${runtime}. For an agent in TypeScript write its image as ./file.ts#Export.`,
    { details: { field: 'runtime_type', runtime } },
  );
}
