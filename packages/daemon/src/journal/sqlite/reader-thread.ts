// The reader thread of the journal: long scans on a connection of their own, so that they never
// hold up a commit. Each call is one short transaction, so that they do not hold up each other or
// the WAL either. Started by SqliteStore when first needed, never imported.

import { hash as digest } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { JournalFailure, failureOf } from './failure.ts';
import { checkBody, walkChain } from './hash-chain.ts';
import { JournalFile } from './journal-file.ts';
import type { CallMessage, ReaderCalls, Stretch, ThreadOptions } from './messages.ts';
import { checkEnd } from './open-check.ts';
import { BLOB, OUTBOX } from './schema.ts';
import { readSnapshot } from './snapshot-rows.ts';
import { answerCall, send } from './thread-answers.ts';
import type { Handlers } from './thread-answers.ts';

const COMMA = Buffer.from(',');
const OPEN = Buffer.from('[');
const CLOSE = Buffer.from(']');

const makeHandlers = (file: JournalFile): Handlers<ReaderCalls> => ({
  readFrames: (ask) => readFrames(file, ask),
  verifyFrames: (ask) =>
    file.consistently(() => {
      const onFrame = (frame: Parameters<typeof checkBody>[0]) => checkBody(frame, ask.partition);
      const walked = walkChain(file, { ...ask, onFrame });
      if (walked.isEnd) checkEnd(file, { partition: ask.partition, lastSeq: walked.lastSeq });
      return walked;
    }),
  loadSnapshot: ({ partition }) => readSnapshot(file, partition),
  getBlob: ({ hash }) => readBlob(file, hash),
  listBlobs: (ask) =>
    file
      .sql(BLOB.refsBefore)
      .all(ask.partition, ask.beforeSeq, ask.afterHash, ask.limit)
      .map((row) => row['hash'] as string),
  listOutbox: ({ toPartition, limit }) =>
    file
      .sql(OUTBOX.list)
      .all(toPartition, limit)
      .map((row) => ({
        id: row['id'] as string,
        toPartition: row['to_partition'] as number,
        body: row['body'] as string,
      })),
  close: () => file.close(),
});

/** Bodies are JSON arrays; the stretch is one array of all their events. */
function readFrames(
  file: JournalFile,
  ask: { partition: number; afterSeq: number; bytesMax: number },
): Stretch {
  const pieces: Uint8Array[] = [];
  const onFrame = ({ body }: { body: Uint8Array }) => {
    pieces.push(pieces.length === 0 ? OPEN : COMMA, body.subarray(1, -1));
  };
  const { lastSeq } = file.consistently(() => walkChain(file, { ...ask, onFrame }));
  if (pieces.length === 0) pieces.push(OPEN);
  pieces.push(CLOSE);
  return { json: joined(pieces), lastSeq };
}

/** In a buffer of its own, so that it can be moved to the main thread. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

function readBlob(file: JournalFile, hash: string): Uint8Array | undefined {
  const bytes = file.sql(BLOB.get).get(hash)?.['bytes'] as Uint8Array | undefined;
  if (!bytes || digest('sha256', bytes) === hash) return bytes;
  throw new JournalFailure({
    code: 'data_loss',
    message: `The content ${hash} is damaged: it does not match its hash.`,
    details: { hash },
  });
}

if (parentPort) {
  const port = parentPort;
  try {
    const file = JournalFile.openToRead((workerData as ThreadOptions).dir);
    const handlers = makeHandlers(file);
    port.on('message', (call: CallMessage) => answerCall(port, call, handlers));
    send(port, { kind: 'opened' });
  } catch (error) {
    send(port, { kind: 'refused', failure: failureOf(error) });
  }
}
