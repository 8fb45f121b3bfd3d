// CoreService's calls that no part of this version stands behind: UNIMPLEMENTED, with a sentence
// that says what to do instead.

import { KernelError } from '@hivekernel/kernel';
import type { Status } from './statuses.ts';
import { statusOf } from './statuses.ts';

export const NOT_SERVED = {
  addCron: 'AddCron is not served by this version: there is no scheduler of times yet.',
  removeCron: 'RemoveCron is not served by this version: there is no scheduler of times yet.',
  listCron: 'ListCron is not served by this version: there is no scheduler of times yet.',
} as const;

export const notServed = (rpc: keyof typeof NOT_SERVED): Status =>
  statusOf(new KernelError('unimplemented', NOT_SERVED[rpc]));
