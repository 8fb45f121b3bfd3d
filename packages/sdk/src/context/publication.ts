// What was published under a topic, as one subscriber of it gets it; and what is told of topics and
// of the places of durable subscribers to those who look.
import type { agent as wire, link } from '@hivekernel/protocol';
import { Letter } from './letter.ts';

export class Publication extends Letter {
  readonly topic: string;
  /** It is the topic's last value from before the subscription. */
  readonly isRetained: boolean;
  /** Publications before this one that this subscriber was too slow for. */
  readonly missed: number;

  constructor(message: wire.AgentMessage) {
    super(message);
    this.topic = message.topic;
    this.isRetained = message.retained;
    this.missed = message.missed;
  }
}

export interface TopicInfo {
  readonly user: string;
  readonly topic: string;
  /** The last value, where it is kept; without its payload where that is large. */
  readonly last: Publication | undefined;
  /** Since the topic is known. */
  readonly publications: number;
  /** Live ones and cursors. */
  readonly subscribers: number;
}

/** The place of a durable subscriber. */
export interface CursorInfo {
  readonly user: string;
  readonly name: string;
  readonly pattern: string;
  readonly ownerPid: number;
  readonly waiting: number;
  /** For want of room. */
  readonly missed: number;
  /** Somebody reads from it now. */
  readonly isLive: boolean;
}

export interface TopicsInfo {
  readonly topics: readonly TopicInfo[];
  readonly cursors: readonly CursorInfo[];
}

export function topicsFromWire({ topics, cursors }: link.ListTopicsReply): TopicsInfo {
  return { topics: topics.map(topicFromWire), cursors: cursors.map(cursorFromWire) };
}

function topicFromWire({ last, ...info }: link.TopicInfo): TopicInfo {
  return { ...info, last: last === undefined ? undefined : new Publication(last) };
}

function cursorFromWire({ live, ...info }: link.CursorInfo): CursorInfo {
  return { ...info, isLive: live };
}
