// Branded ids: a pid cannot be passed where a seq is wanted. Making one is a cast in one place.
//   P1. A pid is `partition * 2^32 + n`, under 2^53, rises by one, is never reused; 0 means self or
//       none.
//   M5. Tasks, messages and artifacts are named by the seq of the event that made them, so their
//       ids are unique for ever within the partition; the written form adds a letter and, outside
//       the first partition, the partition's number.

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

export type Pid = Branded<number, 'Pid'>;
export type Seq = Branded<number, 'Seq'>;
export type TaskId = Branded<number, 'TaskId'>;
export type MessageId = Branded<number, 'MessageId'>;
export type ArtifactId = Branded<number, 'ArtifactId'>;

export const asPid = (n: number): Pid => n as Pid;
export const asSeq = (n: number): Seq => n as Seq;
export const asTaskId = (n: number): TaskId => n as TaskId;
export const asMessageId = (n: number): MessageId => n as MessageId;
export const asArtifactId = (n: number): ArtifactId => n as ArtifactId;

export const NO_PID = 0 as Pid;
export const KING_PID = 1 as Pid;
export const SEQ_ZERO = 0 as Seq;

const PIDS_PER_PARTITION = 2 ** 32;

/** The partition in which a process was born (P1). */
export const birthPartition = (pid: Pid): number => Math.floor(pid / PIDS_PER_PARTITION);
export const pidOf = (partition: number, n: number): Pid =>
  asPid(partition * PIDS_PER_PARTITION + n);

type IdLetter = 't' | 'm' | 'a';

/** `m81204`, or `m3.81204` in partition 3. */
export function formatId(letter: IdLetter, partition: number, n: number): string {
  return partition === 0 ? `${letter}${n}` : `${letter}${partition}.${n}`;
}

const ID_FORM = /^([tma])(?:(\d{1,7})\.)?(\d{1,16})$/;

/** The number behind a written id, or undefined where the text is none of that letter. */
export function parseId(letter: IdLetter, text: string): number | undefined {
  const match = ID_FORM.exec(text);
  if (match === null || match[1] !== letter) return undefined;
  const n = Number(match[3]);
  return Number.isSafeInteger(n) ? n : undefined;
}
