// Providers that are known by name: a key in the environment is enough to use them.
// Another provider needs no row here: an entry of `providers:` in the configuration serves as well.

import type { Aliases } from './aliases.ts';

export interface Preset {
  readonly name: string;
  readonly title: string;
  readonly keyEnv: string;
  readonly baseUrl: string;
  /** Set in the environment, it replaces `baseUrl`; whose models it has is then unknown. */
  readonly baseUrlEnv: string;
  readonly aliases?: Aliases;
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens';
}

/** In the order in which a key is taken: the default aliases are the first one's own names. */
export const PRESETS: readonly Preset[] = [
  {
    name: 'openrouter',
    title: 'OpenRouter',
    keyEnv: 'OPENROUTER_API_KEY',
    baseUrl: 'https://openrouter.ai/api/v1',
    baseUrlEnv: 'OPENROUTER_BASE_URL',
  },
  {
    name: 'openai',
    title: 'OpenAI',
    keyEnv: 'OPENAI_API_KEY',
    baseUrl: 'https://api.openai.com/v1',
    baseUrlEnv: 'OPENAI_BASE_URL',
    aliases: { opus: 'gpt-4.1', sonnet: 'gpt-4.1', mini: 'gpt-4.1-mini', haiku: 'gpt-4.1-nano' },
    maxTokensField: 'max_completion_tokens',
  },
];
