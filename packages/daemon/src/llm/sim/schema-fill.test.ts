import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { JsonSchema } from '../chat.ts';
import { BUDGETS, CRASH, flat, tagged, textTo, user } from './sim-world.ts';

const DOCUMENTS = tagged(CRASH, BUDGETS);
const ASKED = 'Question: What happens after a crash of the kernel?';
const PROMPT = `${ASKED} Give 3 findings, with a blue tone.\n${DOCUMENTS}`;

async function fill(schema: JsonSchema, prompt = PROMPT): Promise<unknown> {
  const format = { type: 'json_schema', json_schema: { name: 'x', schema } };
  return JSON.parse(await textTo({ messages: user(prompt), response_format: format })) as unknown;
}

const object = (properties: object, more: object = {}): JsonSchema => ({
  type: 'object',
  required: Object.keys(properties),
  additionalProperties: false,
  properties,
  ...more,
});

describe('fillSchema()', () => {
  it('fills findings with sentences, sources, scores', async () => {
    const finding = object({
      quote: { type: 'string' },
      source: { type: 'string' },
      confidence: { type: 'number', minimum: 0, maximum: 1 },
    });
    const value = (await fill(object({ findings: { type: 'array', items: finding } }))) as {
      findings: { quote: string; source: string; confidence: number }[];
    };
    expect(value.findings).toHaveLength(3);
    expect(value.findings[0]).toMatchObject({
      quote: 'The journal is replayed from the last snapshot after a crash of the kernel.',
      source: 'docs/crash.md',
      confidence: 1,
    });
    for (const { quote } of value.findings)
      expect(flat(CRASH.text + BUDGETS.text)).toContain(quote);
  });

  it('cites bare strings in a list', async () => {
    const value = (await fill(
      object({ findings: { type: 'array', items: { type: 'string' } } }),
    )) as {
      findings: string[];
    };
    expect(value.findings[0]).toMatch(/kernel\. \[docs\/crash\.md\]$/);
  });

  it('fills sub-questions and the files that they are about', async () => {
    const part = object({
      question: { type: 'string' },
      files: { type: 'array', items: { type: 'string' } },
    });
    const schema = object({
      subquestions: { type: 'array', minItems: 2, maxItems: 2, items: part },
    });
    const prompt = `${ASKED}\nSplit it.\n${DOCUMENTS}`;
    const value = (await fill(schema, prompt)) as {
      subquestions: { question: string; files: string[] }[];
    };
    expect(value.subquestions).toHaveLength(2);
    expect(value.subquestions[0]?.question).toContain('When the kernel dies');
    expect(value.subquestions[0]?.files[0]).toBe('docs/crash.md');
  });

  it('takes the first value of an enum that the prompt mentions, else the first', async () => {
    const schema = object({ tone: { enum: ['red', 'blue'] }, size: { enum: ['big', 'small'] } });
    expect(await fill(schema)).toEqual({ tone: 'blue', size: 'big' });
  });

  it('follows $ref, allOf, anyOf, oneOf; nullable means the value', async () => {
    const schema: JsonSchema = {
      $defs: { 'a/b': { type: 'integer', minimum: 5, maximum: 5 } },
      type: 'object',
      required: ['a', 'b', 'c', 'd'],
      properties: {
        a: { $ref: '#/$defs/a~1b' },
        b: { allOf: [object({ x: { const: 1 } }), object({ y: { const: 2 } })] },
        c: { anyOf: [{ type: 'null' }, { type: 'boolean' }] },
        d: { type: ['null', 'string'], maxLength: 4 },
      },
    };
    expect(await fill(schema)).toMatchObject({
      a: 5,
      b: { x: 1, y: 2 },
      c: true,
      d: expect.any(String),
    });
  });

  it('ends in a schema without end (J2)', async () => {
    const node = object({
      name: { type: 'string' },
      children: { type: 'array', items: { $ref: '#' } },
      next: { $ref: '#' },
    });
    expect(await fill(node)).toBeTypeOf('object');
  });

  it('reads the wanted form off an example when there is no schema', async () => {
    const example = '{"findings": [{"quote": "…", "source": "…"}], "done": true}';
    const prompt = `${PROMPT}\nAnswer as JSON like ${example}`;
    const text = await textTo({ messages: user(prompt), response_format: { type: 'json_object' } });
    expect(JSON.parse(text)).toMatchObject({
      findings: [{ source: 'docs/crash.md' }, {}, {}],
      done: true,
    });
    const bare = await textTo({ messages: user(PROMPT), response_format: { type: 'json_object' } });
    expect(JSON.parse(bare)).toMatchObject({
      answer: expect.any(String),
      quotes: expect.any(Array),
    });
  });

  const leaf = fc.oneof(
    fc
      .record({ min: fc.nat(9), room: fc.nat(9) })
      .map(({ min, room }) => ({ type: 'string', minLength: min, maxLength: min + room })),
    fc
      .record({ min: fc.integer({ min: -50, max: 50 }), room: fc.nat(50) })
      .map(({ min, room }) => ({ type: 'integer', minimum: min, maximum: min + room })),
    fc
      .record({ min: fc.integer({ min: -5, max: 5 }), room: fc.nat(5) })
      .map(({ min, room }) => ({ type: 'number', minimum: min, maximum: min + room })),
    fc.constantFrom(
      { type: 'boolean' },
      { type: 'null' },
      { enum: ['a', 'b'] },
      { const: 3 },
      { type: 'string', format: 'email' },
      { type: 'string', format: 'uuid' },
      { type: 'string', format: 'date' },
      { type: 'string', format: 'uri' },
      { type: 'integer', multipleOf: 5, minimum: 3, maximum: 9 },
    ),
  );
  const name = fc.constantFrom(
    'findings',
    'quote',
    'source',
    'files',
    'question',
    'steps',
    'score',
    'title',
    'summary',
    'x',
    'count',
  );
  const { schema: anySchema } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.dictionary(name, tie('schema'), { maxKeys: 4 }).map((properties) => object(properties)),
      fc
        .record({ items: tie('schema'), min: fc.nat(3), room: fc.nat(3) })
        .map(({ items, min, room }) => ({
          type: 'array',
          items,
          minItems: min,
          maxItems: min + room,
        })),
      fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    ),
  }));

  it('satisfies any schema of these shapes (J1)', async () => {
    const property = fc.asyncProperty(anySchema, async (schema) => {
      const value = await fill(schema);
      const verdict = z.fromJSONSchema(schema).safeParse(value);
      expect({ schema, value, issues: verdict.error?.issues }).toEqual({ schema, value });
    });
    await fc.assert(property, { numRuns: 60 });
  });
});
