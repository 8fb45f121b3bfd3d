// Artifacts and their versions as records, and the columns that they are listed in. Which ones are
// listed is the commands' business.

import type { ListedArtifact } from '@hivekernel/client';
import { isoTime, showAge, showBytes } from '../output/human.ts';
import type { Column } from '../output/listing.ts';
import { safeLine } from '../output/plain-text.ts';

// A type, not an interface: only that fits an index signature.
export type ArtifactItem = {
  readonly key: string;
  readonly id: string;
  readonly version: number;
  readonly versionsKept: number;
  readonly visibility: string;
  readonly frozen: boolean;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly ownerPid: number;
  readonly storedByPid: number;
  readonly storedAt: string;
  readonly task: string | null;
  readonly trace: string | null;
  readonly sha256: string;
};

export function toArtifactItem(meta: ListedArtifact): ArtifactItem {
  const { storedAtMs, isFrozen, task, trace, ...rest } = meta;
  const from = { task: task === '' ? null : task, trace: trace === '' ? null : trace };
  return { ...rest, ...from, frozen: isFrozen, storedAt: isoTime(storedAtMs) };
}

type Columns = readonly Column<ArtifactItem>[];

const KEY: Columns = [{ key: 'key', head: 'KEY', cut: 'middle', show: ({ key }) => safeLine(key) }];
const VERSION: Columns = [
  { key: 'version', head: 'VERSION', show: (a) => `v${a.version}${a.frozen ? ' frozen' : ''}` },
  { key: 'sizeBytes', head: 'SIZE', isRight: true, show: (a) => showBytes(a.sizeBytes) },
];
const VISIBLE: Columns = [
  { key: 'visibility', head: 'VISIBLE', show: ({ visibility }) => visibility },
];
const BY: Columns = [
  { key: 'storedByPid', head: 'BY', isRight: true, show: (a) => String(a.storedByPid) },
];
const AGE: Columns = [
  {
    key: 'storedAt',
    head: 'AGE',
    isRight: true,
    show: ({ storedAt }) => showAge(Date.now() - Date.parse(storedAt)),
  },
];
const type = {
  key: 'contentType',
  head: 'TYPE',
  show: (a: ArtifactItem) => safeLine(a.contentType),
};
const task = { key: 'task', head: 'TASK', show: (a: ArtifactItem) => a.task ?? '-' };
const trace = { key: 'trace', head: 'TRACE', show: (a: ArtifactItem) => safeLine(a.trace ?? '-') };
const sha256 = {
  key: 'sha256',
  head: 'SHA256',
  cut: 'middle',
  show: (a: ArtifactItem) => a.sha256,
} as const;
const ID = { key: 'id', head: 'ID', show: ({ id }: ArtifactItem) => id };
const OWNER = { key: 'ownerPid', head: 'OWNER', show: (a: ArtifactItem) => `${a.ownerPid}` };

const wide = (columns: Columns): Columns => columns.map((one) => ({ ...one, isWide: true }));

export const ARTIFACT_COLUMNS: Columns = [
  ...[...KEY, ...VERSION, ...VISIBLE, ...BY, ...AGE],
  ...wide([ID, OWNER, type, task, trace, sha256]),
];

export const VERSION_COLUMNS: Columns = [
  ...[...VERSION, ...BY, task, ...AGE, sha256],
  ...wide([...KEY, ID, OWNER, ...VISIBLE, type, trace]),
];
