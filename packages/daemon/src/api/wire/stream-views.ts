// Queues, topics and cursors as the wire tells of them. What waits in a queue is told as an inbox
// is (messages.ts).

import type { AnswerOf, CursorView, QueueView, TopicView } from '@hivekernel/kernel';
import type { link } from '@hivekernel/protocol';
import type { Reader } from './content-bytes.ts';
import { toAgentMessage } from './messages.ts';

export const toQueueInfo = (view: QueueView): link.QueueInfo => ({
  user: view.user,
  name: view.name,
  waiting: view.waiting,
  bytes: view.bytes,
  inHand: view.inHand,
  consumers: view.consumers,
  deadLetters: view.deadLetters,
  oldestMs: view.oldestWallMs,
});

export async function toTopicsReply(
  { topics, topicsTotal, cursors, cursorsTotal }: AnswerOf<'list_topics'>,
  reader: Reader,
): Promise<link.ListTopicsReply> {
  const infos: link.TopicInfo[] = [];
  for (const view of topics) infos.push(await toTopicInfo(view, reader));
  return { topics: infos, cursors: cursors.map(toCursorInfo), topicsTotal, cursorsTotal };
}

/** A large last value is told of without its payload: a listing is no place for it. */
async function toTopicInfo(view: TopicView, reader: Reader): Promise<link.TopicInfo> {
  const { user, topic, last, publications, subscribers } = view;
  const base = { user, topic, publications, subscribers };
  if (last === undefined) return { ...base, last: undefined };
  const isSmall = last.content.inline !== undefined;
  const shown = isSmall ? last : { ...last, content: { bytes: 0, inline: '' } };
  return { ...base, last: await toAgentMessage(shown, reader) };
}

const toCursorInfo = (view: CursorView): link.CursorInfo => ({
  user: view.user,
  name: view.name,
  pattern: view.pattern,
  ownerPid: view.owner,
  waiting: view.waiting,
  missed: view.missed,
  live: view.isLive,
});
