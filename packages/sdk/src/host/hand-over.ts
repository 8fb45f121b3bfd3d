// Hands a message to its agent and makes an acknowledgement of the outcome. A signal of the kernel
// goes to `onSignal` where the agent has one. The order of messages is message-lanes.ts.
//   M9. A request whose deadline is over by now is rejected: nobody waits for its answer.
//   A handler that has nothing to wait for is done when it returns: no promise is made for it.
import type { agent as wire } from '@hivekernel/protocol';
import type { AgentHandlers, MessageOutcome } from '../agent.ts';
import type { Context } from '../context/context.ts';
import { isSignal, signalFromWire } from '../context/signal.ts';
import { ACKS, numberOf } from '../words.ts';

type Ack = wire.MessageAck | Promise<wire.MessageAck>;
type Outcome = MessageOutcome | Promise<MessageOutcome>;

export interface Receiver {
  readonly agent: AgentHandlers;
  readonly context: Context;
}

/** Throws or rejects when the handler did. */
export function handOver(receiver: Receiver, message: wire.AgentMessage): Ack {
  if (isOver(message)) return ackOf(message.messageId, 'rejected');
  const outcome = outcomeOf(receiver, message);
  const { messageId } = message;
  if (!isThenable(outcome)) return ackOf(messageId, outcome);
  return Promise.resolve(outcome).then((late) => ackOf(messageId, late));
}

const isOver = ({ deadlineMs }: wire.AgentMessage): boolean =>
  deadlineMs > 0 && Date.now() >= deadlineMs;

function outcomeOf({ agent, context }: Receiver, message: wire.AgentMessage): Outcome {
  if (agent.onSignal !== undefined && isSignal(message)) {
    const signal = signalFromWire(message);
    if (signal !== undefined) return agent.onSignal(signal, context);
  }
  if (agent.onMessage !== undefined) {
    return agent.onMessage(context.messageFromWire(message), context);
  }
  return message.type === 'escalation' ? 'escalate' : 'accepted';
}

function ackOf(messageId: string, outcome: MessageOutcome): wire.MessageAck {
  if (typeof outcome === 'object') {
    return { messageId, status: numberOf(ACKS, 'accepted'), reply: outcome.reply };
  }
  return { messageId, status: numberOf(ACKS, outcome ?? 'accepted'), reply: '' };
}

function isThenable(outcome: Outcome): outcome is Promise<MessageOutcome> {
  return typeof outcome === 'object' && outcome !== null && 'then' in outcome;
}
