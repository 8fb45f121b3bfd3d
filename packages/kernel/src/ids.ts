// Branded ids: a pid cannot be passed where a seq is wanted. Making one is a cast in one place.
//   P1. A pid is `partition * 2^32 + n`, under 2^53, rises by one, is never reused; 0 means self or none.

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

export type Pid = Branded<number, 'Pid'>;
export type Seq = Branded<number, 'Seq'>;
/** `t<seq>`: unique for ever within its partition, since it is named by the event that made it. */
export type TaskId = Branded<string, 'TaskId'>;
/** `m<seq>`. */
export type MessageId = Branded<string, 'MessageId'>;
/** `a<seq>` of the first version. */
export type ArtifactId = Branded<string, 'ArtifactId'>;

export const asPid = (n: number): Pid => n as Pid;
export const asSeq = (n: number): Seq => n as Seq;
export const asTaskId = (s: string): TaskId => s as TaskId;
export const asMessageId = (s: string): MessageId => s as MessageId;
export const asArtifactId = (s: string): ArtifactId => s as ArtifactId;

export const NO_PID = 0 as Pid;
export const KING_PID = 1 as Pid;

const PIDS_PER_PARTITION = 2 ** 32;

/** The partition in which a process was born (P1). */
export const birthPartition = (pid: Pid): number => Math.floor(pid / PIDS_PER_PARTITION);
export const pidOf = (partition: number, n: number): Pid => asPid(partition * PIDS_PER_PARTITION + n);
