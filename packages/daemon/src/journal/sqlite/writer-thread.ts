// The writer thread of the journal: the only writer of the file. It takes what waits in its port,
// commits appends in groups, and answers in order (J4). Started by SqliteStore, never imported.
//   J11. Calls and appends take effect in the order in which they were sent.

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { DataLock } from './data-lock.ts';
import { failureOf } from './failure.ts';
import { GroupCommitter } from './group-committer.ts';
import { chainHead, linkAt } from './hash-chain.ts';
import { JournalFile } from './journal-file.ts';
import type {
  AppendRow,
  CallMessage,
  Measures,
  ThreadOptions,
  ToWriter,
  WriterCalls,
} from './messages.ts';
import { checkOnOpen } from './open-check.ts';
import { dropBlobs, dropFrames, planRetention } from './retention.ts';
import { OUTBOX } from './schema.ts';
import { SnapshotWriter, dropOrphanParts, listSnapshots } from './snapshot-rows.ts';
import { answerCall, send } from './thread-answers.ts';
import type { Handlers } from './thread-answers.ts';

class WriterThread {
  readonly #port: MessagePort;
  readonly #options: ThreadOptions;
  readonly #lock: DataLock;
  readonly #file: JournalFile;
  readonly #committer: GroupCommitter;
  readonly #handlers: Handlers<WriterCalls>;
  /** Received and not yet committed; no more is received while it fills a commit. */
  #waiting: AppendRow[] = [];
  #waitingBytes = 0;
  #call: CallMessage | undefined;
  #isOpen = true;

  constructor(port: MessagePort, options: ThreadOptions) {
    this.#port = port;
    this.#options = options;
    this.#lock = new DataLock(options.dir);
    const onRanOut = () => send(port, { kind: 'ranOut' });
    try {
      this.#file = JournalFile.openToWrite({ ...options, onRanOut });
      checkOnOpen(this.#file);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    this.#committer = new GroupCommitter(this.#file);
    this.#handlers = this.#makeHandlers();
  }

  run(): void {
    this.#port.on('message', (message: ToWriter) => {
      this.#take(message);
      this.#drain();
    });
    send(this.#port, { kind: 'opened' });
  }

  #drain(): void {
    while (this.#isOpen) {
      this.#receive();
      if (this.#waiting.length > 0) this.#commitGroup();
      else if (this.#call) this.#answer(this.#call);
      else return;
    }
  }

  /** Takes messages until a commit is full, a call comes, or none is there. */
  #receive(): void {
    const { commitAppendsMax, commitBytesMax } = this.#options;
    while (
      !this.#call &&
      this.#waiting.length < commitAppendsMax &&
      this.#waitingBytes < commitBytesMax
    ) {
      const next: { message: ToWriter } | undefined = receiveMessageOnPort(this.#port);
      if (!next) return;
      this.#take(next.message);
    }
  }

  #take(message: ToWriter): void {
    if (message.kind === 'call') {
      this.#call = message;
      return;
    }
    for (const row of message.rows) {
      this.#waiting.push(row);
      this.#waitingBytes += row.body.length;
    }
  }

  #commitGroup(): void {
    const group = this.#nextGroup();
    const outcomes = this.#committer.commit(group);
    const failures = outcomes.flatMap((failure, at) => (failure ? [{ at, failure }] : []));
    send(this.#port, { kind: 'settled', count: group.length, failures });
  }

  /** As many of the oldest as the caps allow, and always one. */
  #nextGroup(): readonly AppendRow[] {
    const { commitAppendsMax, commitBytesMax } = this.#options;
    let count = 0;
    let bytes = 0;
    for (const row of this.#waiting) {
      bytes += row.body.length;
      if (count > 0 && (count >= commitAppendsMax || bytes > commitBytesMax)) break;
      count += 1;
      this.#waitingBytes -= row.body.length;
    }
    return this.#waiting.splice(0, count);
  }

  #answer(call: CallMessage): void {
    this.#call = undefined;
    answerCall(this.#port, call, this.#handlers);
  }

  #makeHandlers(): Handlers<WriterCalls> {
    const file = this.#file;
    const committer = this.#committer;
    const snapshots = new SnapshotWriter(file);
    return {
      acquire: (ask) => committer.acquire(ask),
      beginSnapshot: (ask) => snapshots.begin(ask, committer.check(ask).tail.seq),
      writeSnapshotPart: (ask) => snapshots.writePart(ask),
      sealSnapshot: (ask) => {
        committer.check(ask);
        snapshots.seal(ask);
      },
      dropOrphanParts: ({ partsMax }) => dropOrphanParts(file, partsMax),
      planRetention: (ask) => planRetention(file, ask),
      dropFrames: (ask) => dropFrames(file, ask),
      dropBlobs: (ask) => dropBlobs(file, ask),
      deleteOutbox: ({ ids }) =>
        file.transact(() => {
          for (const id of ids) file.sql(OUTBOX.drop).run(id);
        }),
      measure: ({ partition }) => measure(file, partition),
      close: () => this.#close(),
    };
  }

  #close(): void {
    this.#isOpen = false;
    this.#file.close();
    this.#lock.release();
    this.#port.unref();
  }
}

function measure(file: JournalFile, partition: number): Measures {
  const head = chainHead(file, partition);
  const end = linkAt(file, { partition, seq: Number.MAX_SAFE_INTEGER });
  const snapshotSeqs = listSnapshots(file, partition).map(({ key }) => key.seq);
  return {
    lastSeq: end.seq,
    firstSeq: head.seq + 1,
    bytes: end.endBytes - head.endBytes,
    snapshotSeqs: snapshotSeqs.toReversed(),
  };
}

if (parentPort) {
  try {
    new WriterThread(parentPort, workerData as ThreadOptions).run();
  } catch (error) {
    send(parentPort, { kind: 'refused', failure: failureOf(error) });
  }
}
