// One end of the link spoken by hand, frame by frame, to hold the other end to the wire itself.
import { ClientFrame, KernelFrame } from '../src/gen/link.ts';
import type { Answer, Call, Reply } from '../src/gen/link.ts';
import type { ByteStream } from '../src/link/byte-stream.ts';
import { FrameReader, encodeFrame } from '../src/link/frame-codec.ts';
import { LINK_VERSION } from '../src/link/link-limits.ts';
import { encodeMessage } from '../src/link/message-codec.ts';
import { make } from '../src/make.ts';
import { AsyncQueue } from './async-queue.ts';

class RawPeer<In> {
  readonly stream: ByteStream;
  readonly frames = new AsyncQueue<In>();
  readonly ended: Promise<void>;

  constructor(stream: ByteStream, decode: (frame: Uint8Array) => In) {
    const reader = new FrameReader();
    this.stream = stream;
    this.ended = new Promise((resolve) => {
      stream.listen({
        onData: (chunk) => {
          for (const frame of reader.push(chunk)) this.frames.push(decode(frame));
        },
        onDrain: () => undefined,
        onEnd: () => resolve(),
      });
    });
  }
}

export class RawClient extends RawPeer<KernelFrame> {
  constructor(stream: ByteStream) {
    super(stream, (frame) => KernelFrame.decode(frame));
  }

  send(frame: Partial<ClientFrame>): void {
    this.stream.write(encodeFrame(encodeMessage(ClientFrame, make(ClientFrame, frame))));
  }

  hello(fields: Partial<NonNullable<ClientFrame['hello']>> = {}, frame: Partial<ClientFrame> = {}) {
    const hello = {
      version: LINK_VERSION,
      pid: 7,
      startToken: '',
      resumeSecret: '',
      client: 'raw',
      ...fields,
    };
    this.send({ ...frame, hello });
  }

  /** The replies of the frames that come, until there are so many. */
  async replies(count: number): Promise<Reply[]> {
    const replies: Reply[] = [];
    while (replies.length < count) replies.push(...(await this.frames.next()).replies);
    return replies;
  }
}

export class RawKernel extends RawPeer<ClientFrame> {
  constructor(stream: ByteStream) {
    super(stream, (frame) => ClientFrame.decode(frame));
  }

  send(frame: Partial<KernelFrame>): void {
    this.stream.write(encodeFrame(encodeMessage(KernelFrame, make(KernelFrame, frame))));
  }

  /** Reads Hello and answers it. */
  async greet(fields: { bootId?: string; lastCallId?: number } = {}): Promise<ClientFrame> {
    const first = await this.frames.next();
    const { bootId = 'boot-1', lastCallId = 0 } = fields;
    const reply = { version: LINK_VERSION, kernelVersion: '0', resumeSecret: 'secret' };
    this.send({ hello: { ...reply, bootId, lastCallId } });
    return first;
  }

  async calls(count: number): Promise<Call[]> {
    const calls: Call[] = [];
    while (calls.length < count) calls.push(...(await this.frames.next()).calls);
    return calls;
  }

  async answers(count: number): Promise<Answer[]> {
    const answers: Answer[] = [];
    while (answers.length < count) answers.push(...(await this.frames.next()).answers);
    return answers;
  }
}

/** A call that says who it is by its text, and by its reply. */
export function infoCall(id: number, pid = 7): Call {
  return { id, pid, taskId: '', body: { $case: 'info', value: { pid } } };
}

export function doneReply(id: number, seq: number): Reply {
  return { id, seq, more: false, body: { $case: 'done', value: {} } };
}
