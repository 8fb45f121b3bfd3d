// What the simulated model draws its answers from: the prompt, its ranked sentences, the parts of
// its question; each worked out once, when it is first needed. Also the finds in the prompt's own
// words (numbers, quotes, paths …), each handed out once, so that two fields do not get the same
// one.

import type { Breath } from './breath.ts';
import type { SimChance } from './chance.ts';
import { planParts } from './plan.ts';
import type { SubQuestion } from './plan.ts';
import type { Prompt } from './prompt.ts';
import { rank } from './rank.ts';
import type { RankedSentence } from './rank.ts';
import { queryTerms } from './words.ts';

/** More than this nobody quotes in one answer. */
export const RANKED_MAX = 40;
export const PARTS_MAX = 12;

export interface Material {
  readonly prompt: Prompt;
  readonly chance: SimChance;
  readonly ranked: readonly RankedSentence[];
  readonly parts: readonly SubQuestion[];
  readonly finds: Finds;
}

export async function gather(source: {
  prompt: Prompt;
  chance: SimChance;
  breath: Breath;
  needsParts: boolean;
}): Promise<Material> {
  const { prompt, breath } = source;
  const query = queryTerms(prompt.question);
  const { documents } = prompt;
  const ranked = await rank({ documents, query, countMax: RANKED_MAX, breath });
  const parts = source.needsParts ? await planParts({ ...prompt, count: PARTS_MAX, breath }) : [];
  return { prompt, chance: source.chance, ranked, parts, finds: new Finds(prompt.instruction) };
}

const FIND_WINDOW_CHARS = 20_000;

const PATTERNS = {
  number: /(?<![\w.-])-?\d+(?:\.\d+)?(?![\w-])/g,
  quoted: /"([^"\n]{1,500})"|“([^”\n]{1,500})”|`([^`\n]{1,500})`|(?<!\w)'([^'\n]{1,500})'(?!\w)/g,
  path: /(?<![\w/.:@-])(?:[\w@.-]+\/)*[\w@-][\w@.-]*\.[a-zA-Z][a-zA-Z0-9]{0,5}(?![\w/])/g,
  url: /https?:\/\/[^\s"'`<>)\]]+/g,
  email: /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g,
  date: /\b\d{4}-\d{2}-\d{2}\b/g,
  capitalised: /(?<=[a-z,;:]\s+)\p{Lu}[\p{L}\p{N}'’-]+(?:\s+\p{Lu}[\p{L}\p{N}'’-]+)*/gu,
  sum: /(?<![\w.])\(*-?\d[\d\s.()]*(?:[-+*/^%]\s*\(*-?\d[\d\s.()]*)+/g,
} as const;

export type FindKind = keyof typeof PATTERNS;

export class Finds {
  readonly #text: string;
  readonly #left = new Map<FindKind, string[]>();

  constructor(text: string) {
    this.#text = text.slice(0, FIND_WINDOW_CHARS);
  }

  /** The next one of its kind that fits; it will not be given again. */
  take(kind: FindKind, fits: (found: string) => boolean = () => true): string | undefined {
    const left = this.#of(kind);
    const at = left.findIndex(fits);
    return at < 0 ? undefined : left.splice(at, 1)[0];
  }

  /** `name: value`, `name = value`, `name is value`, as people write arguments. */
  named(name: string): string | undefined {
    const words = name
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .split(/[\s_-]+/)
      .map((word) => word.replace(/[^\p{L}\p{N}]/gu, ''))
      .filter((word) => word !== '');
    if (words.length === 0) return undefined;
    const pattern = new RegExp(
      `\\b${words.join('[\\s_-]?')}["'\`]?\\s*(?::|=|\\bis\\b|\\bto be\\b)\\s*` +
        '(?:"([^"]{1,500})"|\'([^\']{1,500})\'|`([^`]{1,500})`|([^\\s,;]{1,200}))',
      'iu',
    );
    const match = pattern.exec(this.#text);
    const found = match?.slice(1).find((group) => group !== undefined);
    return found?.replace(/[.?!]$/, '');
  }

  #of(kind: FindKind): string[] {
    let left = this.#left.get(kind);
    if (left === undefined) {
      left = [...this.#text.matchAll(PATTERNS[kind])].map((match) => {
        const group = match.slice(1).find((one) => one !== undefined);
        return (group ?? match[0]).trim().replace(kind === 'url' ? /[.,;]$/ : /$^/, '');
      });
      this.#left.set(kind, left);
    }
    return left;
  }
}
