// Every bound of the model gateway, in one table with names. What an operator may change comes in
// as a setting of the provider; these are the defaults and the bounds that memory depends on.

const MIB = 1024 * 1024;

export const LLM_LIMITS = {
  /** B3: sent with a call that names no maximum of its own, and reserved for it. */
  completionTokensDefault: 4_096,
  /** Calls under way at one provider; the rest wait in line. */
  remoteConcurrentMax: 64,
  loopbackConcurrentMax: 8,
  simConcurrentMax: 4_096,
  /** Calls in line for one model, and at one provider; over all callers. */
  queuedCallsMax: 10_000,
  /** S6: a call that is not paid for by then may be quiet until it is. */
  budgetQuietMs: 1_000,
  /** S6: news of a process's progress, at most so often. */
  progressEveryMs: 1_000,
  /** S6: a call in line says so often that it still waits. */
  lineRenewMs: 5_000,
  /** S6: a process may be quiet for so much longer than its call: the call is given up first. */
  quietMarginMs: 2_000,
  /** First try included. Only what failed with nothing handed on is tried again. */
  triesMax: 4,
  backoffFirstMs: 500,
  backoffMaxMs: 20_000,
  /** A `Retry-After` above this is handed to the caller instead of being waited for. */
  retryAfterMaxMs: 30_000,
  /** B7: nor does a provider hold a model for longer than this, whatever it asks for. */
  heldMostMs: 60 * 60_000,
  /** B7: after so many failures in a row a model is left alone, each time for twice as long. */
  breaker: { failuresMax: 5, pauseFirstMs: 5_000, pauseMostMs: 120_000 },
  /** B7: one level of priority is worth so much waiting. */
  agingMsPerLevel: 10_000,
  /** B7: models with calls under way, or with something to remember of them. */
  governorsMax: 1_024,
  /** From the request to the headers of the answer, and from there to the first of its body. */
  firstByteTimeoutMs: 120_000,
  /**
   * Between two pieces of an answer. Below `watchdog.hang_after`: a call is given up before its
   * process counts as hung (S6).
   */
  idleTimeoutMs: 45_000,
  /** A whole answer, or one event of a stream. */
  answerBytesMax: 32 * MIB,
  errorBodyBytesMax: 64 * 1024,
  modelListBytesMax: 4 * MIB,
  modelListTimeoutMs: 5_000,
  modelListTtlMs: 60_000,
  modelsListedMax: 10_000,
  probeTimeoutMs: 150,
  messagesMax: 10_000,
  toolsMax: 1_024,
  choicesMax: 16,
} as const;
