import { describe, expect, it } from 'vitest';
import type { ToolOffer } from '../chat.ts';
import { countPrompt, countTokens } from '../tokens.ts';
import { SYSTEM_CLOCK } from '../wait.ts';
import {
  answerTo,
  BUDGETS,
  chunksOf,
  CRASH,
  flat,
  quotesIn,
  tagged,
  textTo,
  user,
} from './sim-world.ts';

const QUESTION = 'What happens after a crash of the kernel?';
const asked = user(`Question: ${QUESTION}\n\n${tagged(CRASH, BUDGETS)}`);

describe('SimProvider, asked about texts', () => {
  it('quotes the sentence that answers, with its source', async () => {
    const [first, ...rest] = quotesIn(await textTo({ messages: asked }));
    expect(first).toEqual({
      quote: 'The journal is replayed from the last snapshot after a crash of the kernel.',
      source: 'docs/crash.md',
    });
    expect(rest.length).toBeGreaterThan(0);
  });

  it('says nothing that does not stand in the text', async () => {
    for (const question of [
      QUESTION,
      'Who decides about a crashed agent?',
      'Summarise this.',
      'Report on budgets',
    ]) {
      const messages = user(`${question}\n\n${tagged(CRASH, BUDGETS)}`);
      const quotes = quotesIn(await textTo({ messages }));
      expect(quotes.length).toBeGreaterThan(0);
      for (const { quote } of quotes) expect(flat(CRASH.text + BUDGETS.text)).toContain(quote);
    }
  });

  it('says nothing twice', async () => {
    const copies = ['a', 'b', 'c'].map((name) => ({ ...CRASH, name }));
    const quotes = quotesIn(await textTo({ messages: user(`${QUESTION}\n${tagged(...copies)}`) }));
    expect(new Set(quotes.map(({ quote }) => quote)).size).toBe(quotes.length);
  });

  it('combines findings into a report and keeps their citations', async () => {
    const found = (of: string, ...quotes: string[]): string =>
      `<findings question="What of the ${of}?">\n${quotes.join('\n')}\n</findings>\n`;
    const findings =
      found('agent', '- “The supervisor decides by its restart rule.” [a.md]') +
      found(
        'kernel',
        '- “The journal is replayed from the last snapshot.” [b.md]',
        '- “Agents end within two seconds of its death.” [c.md]',
      );
    const report = await textTo({
      messages: user(`Question: ${QUESTION}\n\nWrite a report from the findings.\n\n${findings}`),
    });
    expect(report).toContain(`# ${QUESTION}`);
    expect(report).toContain('## What of the');
    expect(new Set(quotesIn(report).map(({ source }) => source))).toEqual(
      new Set(['a.md', 'b.md', 'c.md']),
    );
    expect(report).toMatch(/Sources: \[.\.md\], \[.\.md\], \[.\.md\]$/);
  });

  it('reads findings that came as JSON', async () => {
    const findings = JSON.stringify({
      findings: [{ quote: 'The journal is replayed after a crash.', source: 'b.md' }],
    });
    const [quote] = quotesIn(
      await textTo({ messages: user(`Question: ${QUESTION}\n<findings>${findings}</findings>`) }),
    );
    expect(quote).toEqual({ quote: 'The journal is replayed after a crash.', source: 'b.md' });
  });

  it('takes fenced Markdown and long plain messages as texts too', async () => {
    const fence = '```md docs/f.md\nThe journal is replayed after a crash of it.\n```';
    expect(quotesIn(await textTo({ messages: user(`${QUESTION}\n${fence}`) }))).toEqual([
      { quote: 'The journal is replayed after a crash of it.', source: 'docs/f.md' },
    ]);
    const filler = Array.from(
      { length: 40 },
      (_, n) => `Filler number ${n} is about gardens and trees.`,
    ).join(' ');
    const answer = 'The kernel replays its journal after a crash.';
    const plain = `${QUESTION}\n\n${filler} ${answer} ${filler}`;
    const [first] = quotesIn(await textTo({ messages: user(plain) }));
    expect(first).toEqual({ quote: answer, source: '' });
  });

  it('gives fewer quotes than asked for where the rest has no word of the question', async () => {
    const fish = {
      name: 'fish.md',
      text: 'Herring is sold on Tuesdays. The ice is from a cellar.',
    };
    const ask = (...texts: (typeof fish)[]): Promise<string> =>
      textTo({
        messages: user(
          `Question: ${QUESTION}\n\nQuote up to 6 sentences of the documents. ` +
            `If no sentence helps, write: nothing found.\n\n${tagged(...texts)}`,
        ),
      });
    const quotes = quotesIn(await ask(fish, CRASH));
    expect(quotes.length).toBeGreaterThan(0);
    expect(quotes.map(({ source }) => source)).not.toContain('fish.md');
    expect(await ask(fish)).toBe('nothing found');
  });

  it('splits a question along the headings of an outline', async () => {
    const outline =
      '- docs/crash.md: Life of a crash; When an agent dies; When the kernel dies\n' +
      '- docs/b.md: Budgets; Tiers, rates';
    const messages = user(
      `Question: How does it survive a crash?\n\nSplit it into 3 sub-questions.\n\n${outline}`,
    );
    const lines = (await textTo({ messages })).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines.join('\n')).toMatch(/kernel dies|agent dies/);
  });

  it('splits a question of several parts into these', async () => {
    const messages = user(
      'Question: What is a budget, and how is it refused?\n\nSplit it into 2 sub-questions.',
    );
    expect(await textTo({ messages })).toBe('1. What is a budget?\n2. How is it refused?');
  });

  it('is honest without a text', async () => {
    const text = await textTo({ messages: user('Hello, who are you?') });
    expect(text).toContain('simulated model');
    expect(text).toContain('“Hello, who are you?”');
  });
});

const TOOLS: ToolOffer[] = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'Current weather of a city',
      parameters: {
        type: 'object',
        required: ['city'],
        properties: { city: { type: 'string' }, unit: { enum: ['celsius', 'fahrenheit'] } },
      },
    },
  },
  {
    type: 'function',
    function: {
      name: 'read_file',
      parameters: {
        type: 'object',
        required: ['path'],
        properties: { path: { type: 'string' }, lines: { type: 'integer', minimum: 1 } },
      },
    },
  },
];

async function callsFor(content: string, more: object = {}): Promise<[string, unknown][]> {
  const answer = await answerTo({ messages: user(content), tools: TOOLS, ...more });
  const [choice] = answer.choices;
  const calls = choice?.message.tool_calls ?? [];
  expect(choice?.finish_reason).toBe(calls.length > 0 ? 'tool_calls' : 'stop');
  return calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
}

describe('SimProvider, offered tools', () => {
  it.each([
    ['What is the weather in Paris?', [['get_weather', { city: 'Paris' }]]],
    [
      'Use get_weather with city: Rome, unit: fahrenheit',
      [['get_weather', { city: 'Rome', unit: 'fahrenheit' }]],
    ],
    [
      'Please call read_file on docs/x.md, lines = 20.',
      [['read_file', { path: 'docs/x.md', lines: 20 }]],
    ],
    [
      'read_file "a b.txt" and then get_weather for Oslo',
      [
        ['get_weather', { city: 'Oslo' }],
        ['read_file', { path: 'a b.txt' }],
      ],
    ],
    ['Tell me a story.', []],
  ])('hears in %j the calls', async (content, calls) => {
    const heard = await callsFor(content);
    expect(heard.map(([name]) => name)).toEqual(calls.map(([name]) => name));
    if (calls.length === 1) expect(heard).toEqual(calls);
  });

  it('obeys tool_choice and parallel_tool_calls', async () => {
    expect(await callsFor('What is the weather in Paris?', { tool_choice: 'none' })).toEqual([]);
    expect(await callsFor('Hello.', { tool_choice: 'required' })).toHaveLength(1);
    const named = { type: 'function', function: { name: 'read_file' } };
    expect((await callsFor('the weather in Paris', { tool_choice: named }))[0]?.[0]).toBe(
      'read_file',
    );
    const one = { parallel_tool_calls: false };
    expect(await callsFor('get_weather in Paris, read_file a.md', one)).toHaveLength(1);
  });

  it('answers with the results, and does not call the same tool again', async () => {
    const call = {
      id: 'c1',
      type: 'function' as const,
      function: { name: 'get_weather', arguments: '{}' },
    };
    const messages = [
      ...user('What is the weather in Paris?'),
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: '{"temperature": 21, "sky": "clear"}' },
    ];
    expect(await textTo({ messages, tools: TOOLS })).toBe(
      'temperature: 21; sky: clear [get_weather]',
    );
    const long = { role: 'tool', tool_call_id: 'c1', content: CRASH.text };
    const about = [...user(`read it: ${QUESTION}`), ...messages.slice(1, 2), long];
    expect(quotesIn(await textTo({ messages: about }))[0]).toMatchObject({ source: 'get_weather' });
  });
});

describe('SimProvider, as a provider', () => {
  it('is deterministic in seed and request', async () => {
    const clock = { ...SYSTEM_CLOCK, nowMs: () => 5_000 };
    const request = { messages: user('Hello?') };
    const seeds = await Promise.all(
      [1, 1, 2, 3, 4, 5].map((seed) => answerTo(request, { seed, clock })),
    );
    expect(seeds[0]).toEqual(seeds[1]);
    expect(new Set(seeds.map((one) => one.choices[0]?.message.content)).size).toBeGreaterThan(1);
  });

  it('says the same streamed and whole, and counts what it says (D1)', async () => {
    const request = { messages: asked };
    const [whole] = await chunksOf(request);
    const chunks = await chunksOf({ ...request, stream: true });
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    expect(text).toBe(whole?.choices[0]?.delta.content);
    expect(chunks.length).toBeGreaterThan(5);
    const usage = {
      prompt_tokens: countPrompt({ model: '', messages: asked }),
      completion_tokens: countTokens(text),
    };
    expect(whole?.usage).toMatchObject(usage);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage });
    expect(chunks.every(({ model }) => model === 'sim/mini')).toBe(true);
  });

  it('cuts at max_tokens and at stop', async () => {
    const cut = await answerTo({ messages: asked, max_tokens: 7 });
    expect(cut).toMatchObject({
      usage: { completion_tokens: 7 },
      choices: [{ finish_reason: 'length' }],
    });
    expect(await textTo({ messages: asked, stop: [' is replayed'] })).toBe('- “The journal');
  });

  it('speaks at its rate, by its clock (D2)', async () => {
    let nowMs = 0;
    const waits: number[] = [];
    const sleep = (delayMs: number): Promise<void> => {
      waits.push(delayMs);
      nowMs += delayMs;
      return Promise.resolve();
    };
    const clock = { ...SYSTEM_CLOCK, monoMs: () => nowMs, sleep };
    const pace = { firstTokenMs: 100, tokensPerSecond: 50, clock };
    const chunks = await chunksOf({ messages: asked, stream: true }, pace);
    const tokens = chunks.at(-1)?.usage?.completion_tokens ?? 0;
    expect(waits[0]).toBe(100);
    expect(nowMs).toBeCloseTo(100 + tokens * 20, 5);
  });

  it.each([true, false])('stops at once when the signal fires (stream %s)', async (stream) => {
    const controller = new AbortController();
    const slow = { firstTokenMs: 60_000, signal: controller.signal };
    const reading = chunksOf({ messages: asked, stream }, slow);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('gives one answer only', async () => {
    await expect(answerTo({ messages: asked, n: 2 })).rejects.toMatchObject({
      code: 'invalid_argument',
      details: { param: 'n' },
    });
  });

  it('lets the loop breathe over megabytes, and can be stopped there', async () => {
    const sentence = (n: number): string =>
      `Sentence ${n} says that item ${n * 7} of the kernel crashed.`;
    const text = Array.from({ length: 40_000 }, (_, n) => sentence(n)).join(' ');
    const messages = user(`${QUESTION}\n${tagged({ name: 'big.md', text })}`);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const quotes = quotesIn(await textTo({ messages }));
    clearInterval(timer);
    expect(quotes.length).toBeGreaterThan(0);
    expect(turns).toBeGreaterThan(10);
    const controller = new AbortController();
    const stopped = chunksOf({ messages }, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
  });
});
