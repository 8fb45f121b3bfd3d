// The types of calls and replies, and which reply belongs to which call. Types only: nothing here
// exists at run time.
import type { Answer, Call, Reply, Request } from '../gen/link.ts';

export type CallBody = NonNullable<Call['body']>;
export type ReplyBody = NonNullable<Reply['body']>;
export type RequestBody = NonNullable<Request['body']>;
export type AnswerBody = NonNullable<Answer['body']>;

export type CallCase = CallBody['$case'];
export type ReplyCase = ReplyBody['$case'];

type ValueOf<Body extends { $case: string; value: unknown }, Case extends string> = Extract<
  Body,
  { $case: Case }
>['value'];

export type CallValue<Case extends CallCase> = ValueOf<CallBody, Case>;

/** Calls that are answered by many replies, each of this case. */
interface StreamedReplies {
  followEvents: 'followItem';
}
export type StreamCase = keyof StreamedReplies;

/** A call is answered by the reply of its own name; one that has none, by `done`. */
export type ReplyCaseOf<Case extends CallCase> = Case extends StreamCase
  ? StreamedReplies[Case]
  : Case extends ReplyCase
    ? Case
    : 'done';

export type ReplyValueOf<Case extends CallCase> = ValueOf<ReplyBody, ReplyCaseOf<Case>>;
