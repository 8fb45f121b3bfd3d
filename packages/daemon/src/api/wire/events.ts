// The journal's events as the wire's ProcessEvent. Kinds that PROTOCOL §3 lists have its names and
// fields; all others keep their own dotted names and tell themselves in `fields`.
//   1. Total: a new kind of event does not compile without its row.
//   2. An agent can ask for `llm_call` and `tool_call` by a log field, and for nothing else: no
//      event of the kernel can be forged that way.
//   3. Words are the wire's (P3); an inner move that it has no words for keeps its dotted name.
// One event may be several on the wire (an acknowledgement of many messages, a restart that also
// changes the state); they share its seq, and each has an id of its own (events/position.ts).

import { asTaskId } from '@hivekernel/kernel';
import type { Event, EventKind, EventOf, TaskId } from '@hivekernel/kernel';
import type { Observation } from '../../journal/host.ts';
import { idOf } from '../events/position.ts';
import { BUDGET_TELLERS } from './budget-events.ts';
import { LIFE_TELLERS } from './life-events.ts';
import { MAIL_TELLERS } from './mail-events.ts';
import { previewOfText } from './previews.ts';
import type { EventSource, ProcessEvent, Teller, Told } from './teller.ts';
import { artifactIdText, messageIdText, taskIdText } from './wire-ids.ts';

const BLANK: ProcessEvent = {
  seq: 0,
  timestampMs: 0,
  type: '',
  pid: 0,
  ppid: 0,
  name: '',
  role: '',
  tier: '',
  model: '',
  state: '',
  oldState: '',
  newState: '',
  level: '',
  message: '',
  replyTo: '',
  payloadPreview: '',
  traceId: '',
  traceSpan: '',
  messageId: '',
  fields: {},
  id: '',
};

/** A promise only where a payload must be fetched for its preview. */
export function toProcessEvents(
  event: Event,
  source: EventSource,
): readonly ProcessEvent[] | Promise<readonly ProcessEvent[]> {
  const tell = TELLERS[event.kind] as Teller<'process.removed'>;
  const told = tell(event as EventOf<'process.removed'>, source);
  if (told instanceof Promise) return told.then((one) => [complete(event, one)]);
  if (Array.isArray(told)) return completeAll(event, told as readonly Told[]);
  return [complete(event, told as Told)];
}

function complete(event: Event, told: Told): ProcessEvent {
  const { seq, wallMs, kind } = event;
  const pid = 'pid' in event.body ? event.body.pid : event.by;
  return { ...BLANK, seq, id: `${seq}`, timestampMs: wallMs, type: kind, pid, ...told };
}

/** Of all but the last, the id says that there are more. */
function completeAll(event: Event, all: readonly Told[]): readonly ProcessEvent[] {
  const { seq } = event;
  return all.map((told, i) => {
    const isLast = i === all.length - 1;
    return complete(event, isLast ? told : { ...told, id: idOf({ seq, part: i + 1 }) });
  });
}

/** What has no seq (DESIGN §3). */
export function toVolatileEvent(observation: Observation, nowMs: number): ProcessEvent {
  const { type, pid } = observation;
  const base = { ...BLANK, timestampMs: nowMs, type, pid };
  switch (observation.type) {
    case 'progress': {
      const { task, message, percent } = observation;
      return { ...base, message, fields: { ...taskField(asTaskId(task)), percent: `${percent}` } };
    }
    case 'output':
      return { ...base, message: observation.line, fields: { stream: observation.stream } };
    case 'tokens':
      return { ...base, fields: { count: `${observation.count}` } };
  }
}

/** A slow observer is told how many volatile events it did not get. */
export const missedEvent = (missed: number, nowMs: number): ProcessEvent => ({
  ...BLANK,
  timestampMs: nowMs,
  type: 'missed',
  fields: { count: `${missed}` },
});

const TELLERS: { readonly [K in EventKind]: Teller<K> } = {
  ...LIFE_TELLERS,
  ...MAIL_TELLERS,
  ...BUDGET_TELLERS,
  'kernel.booted': ({ body }) => ({
    fields: { version: body.version, boot_id: body.bootId, node: body.node },
  }),
  'kernel.stopped': ({ body }) => ({ message: body.reason }),
  'task.created': ({ body: { task, parentTask, spec, isInitial } }) => ({
    message: previewOfText(spec.description),
    fields: {
      ...taskField(task),
      ...(parentTask !== null && { parent_task_id: taskIdText(parentTask) }),
      initial: `${isInitial}`,
      priority: `${spec.priority}`,
      timeout_ms: `${spec.timeoutMs}`,
      ...(spec.retriesMax > 0 && { retries_max: `${spec.retriesMax}` }),
    },
  }),
  'task.started': ({ body }) => ({ fields: taskField(body.task) }),
  'task.retried': ({ body: { task, tries, why } }) => ({
    message: why,
    fields: { ...taskField(task), tries: `${tries}` },
  }),
  'task.ended': ({ body: { task, outcome, result, error } }) => ({
    message: error,
    fields: {
      ...taskField(task),
      outcome,
      exit_code: `${result.exitCode}`,
      output_preview: previewOfText(result.output),
    },
  }),
  'wait.began': ({ body }) => ({
    fields: { ...taskField(body.task), target: `${body.target}`, peek: `${body.isPeek ?? false}` },
  }),
  'wait.ended': ({ body }) => ({ fields: { wait: `${body.wait}` } }),
  'kill.began': tellKill,
  'kill.ended': ({ body }) => ({ pid: body.root, fields: { kill: `${body.kill}` } }),
  'capability.granted': ({ body }) => ({ fields: { capability: body.capability } }),
  'capability.revoked': ({ body }) => ({ fields: { capability: body.capability } }),
  'artifact.stored': ({ body, by }) => ({
    pid: by,
    fields: {
      ...taskField(body.task),
      artifact_id: artifactIdText(body.artifact),
      key: body.key,
      version: `${body.version}`,
      visibility: body.visibility,
      content_type: body.contentType,
      size_bytes: `${body.content.bytes}`,
      sha256: body.content.hash ?? '',
      owner: `${body.owner}`,
      frozen: `${body.isFrozen ?? false}`,
      ...(body.trace !== undefined && { trace_id: body.trace }),
    },
  }),
  'artifact.frozen': ({ body, by }) => ({
    pid: by,
    fields: {
      artifact_id: artifactIdText(body.artifact),
      key: body.key,
      version: `${body.version}`,
      owner: `${body.owner}`,
    },
  }),
  'artifact.deleted': ({ body, by }) => ({
    pid: by,
    fields: {
      artifact_id: artifactIdText(body.artifact),
      key: body.key,
      versions: `${body.versions}`,
      size_bytes: `${body.bytes}`,
      owner: `${body.owner}`,
    },
  }),
  'log.written': ({ body: { pid, level, message, fields } }, source) => {
    const asked = fields['event_type'];
    const type = asked === 'llm_call' || asked === 'tool_call' ? asked : 'log';
    return { type, name: source.nameOf(pid), level, message, fields: { ...fields } };
  },
  'metric.reported': ({ body: { name, value, tokensCharged, labels } }) => ({
    fields: { ...labels, metric: name, value: `${value}`, tokens_charged: `${tokensCharged}` },
  }),
  'llm.called': tellModelCall,
  'escalation.raised': ({ body }) => ({
    pid: body.from,
    ppid: body.at,
    level: body.severity,
    message: body.issue,
    messageId: body.message === 0 ? '' : messageIdText(body.message),
    fields: { ...body.context, auto_propagate: `${body.autoPropagate}` },
  }),
  'escalation.moved': ({ body }) => ({
    pid: body.at,
    messageId: body.message === 0 ? '' : messageIdText(body.message),
    fields: { escalation: `${body.escalation}` },
  }),
  'escalation.ended': ({ body }) => ({
    pid: body.by,
    fields: { escalation: `${body.escalation}`, status: body.status },
  }),
  'syscall.refused': ({ body: { syscall, rule, code, message, count } }) => ({
    level: 'warn',
    message,
    fields: { syscall, rule, code, count: `${count}` },
  }),
};

function tellKill({ body }: EventOf<'kill.began'>): Told {
  const { root, targets, reason, graceMs, spared = [], spareFor, collapse } = body;
  return {
    pid: root,
    fields: {
      targets: `${targets.length}`,
      reason,
      grace_ms: `${graceMs}`,
      ...(spared.length > 0 && { spared: `${spared.length}` }),
      ...(spareFor !== undefined && { spare_for: spareFor }),
      ...(collapse !== undefined && { collapse: `${collapse.length}` }),
    },
  };
}

function tellModelCall({ body }: EventOf<'llm.called'>): Told {
  return {
    type: 'llm_call',
    model: body.model,
    tier: body.tier,
    fields: {
      model: body.model,
      provider: body.provider,
      simulated: `${body.simulated}`,
      prompt_tokens: `${body.promptTokens}`,
      completion_tokens: `${body.completionTokens}`,
      total_tokens: `${body.promptTokens + body.completionTokens}`,
      estimated: `${body.estimated}`,
      latency_ms: `${body.latencyMs}`,
      outcome: body.outcome,
      error_code: body.errorCode,
      ...(body.reservation !== undefined && { reservation: `${body.reservation}` }),
      ...(body.usdMicros !== undefined && { usd_micros: `${body.usdMicros}` }),
      ...(body.overdrawn !== undefined && { overdrawn: `${body.overdrawn}` }),
    },
  };
}

/** Without a task there is no such field. */
function taskField(task: TaskId | null): Record<string, string> {
  return task === null || task === 0 ? {} : { task_id: taskIdText(task) };
}
