// The four short names that agents use for models, and what they mean where the configuration says
// nothing else. OpenRouter's names are the default; other providers bring their own.

export type Aliases = Readonly<Record<string, string>>;

/** As OpenRouter names them. */
export const DEFAULT_ALIASES: Aliases = {
  opus: 'anthropic/claude-opus-4',
  sonnet: 'anthropic/claude-sonnet-4.5',
  mini: 'google/gemini-2.5-flash',
  haiku: 'anthropic/claude-3.5-haiku',
};

/** Serves a request that names no model, of a process that has none. */
export const LAST_RESORT_ALIAS = 'mini';

export const SIM_PREFIX = 'sim/';

/** `sim`, or anything that starts with `sim/`. */
export function isSimName(model: string): boolean {
  return model === 'sim' || model.startsWith(SIM_PREFIX);
}
