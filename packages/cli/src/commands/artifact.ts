// `hive artifact ls|get|put`: named, versioned content. `get` writes the content as it is; what you
// put is the operator's, for everybody unless you say otherwise.

import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Artifact, ListedArtifact } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context, ListFlags } from '../context.ts';
import { CliError, usageError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { isoTime, showAge, showBytes } from '../output/human.ts';
import { renderDocument } from '../output/listing.ts';
import type { Column } from '../output/listing.ts';
import { safeLine } from '../output/plain-text.ts';
import { addListOptions } from '../select/list-options.ts';
import { contentTypeOf } from './content-type.ts';

const CONTENT_BYTES_MAX = 16 * 1024 * 1024;

interface PutFlags {
  readonly visibility: string;
  readonly type?: string;
}

export function define(command: Command, bind: Bind): void {
  const ls = command.command('ls').description('List artifacts.');
  ls.argument('[prefix]', 'only keys that begin so');
  addListOptions(ls);
  bind(ls, list);
  const read = command.command('get').description('Write the content of one to stdout or a file.');
  read.argument('<key>', 'its key, or key@v3 for a version').argument('[file]', 'where to');
  bind(read, get);
  const write = command.command('put').description('Store a file, or stdin, as the operator.');
  write
    .argument('<key>', 'the key; a new version if it is there')
    .argument('<file>', 'a file, or - for stdin')
    .option('--visibility <who>', 'private, user, subtree or global', 'global')
    .option('--type <type>', 'content type; left out: by the name');
  bind(write, put);
}

type ArtifactItem = {
  readonly key: string;
  readonly id: string;
  readonly version: number;
  readonly versionsKept: number;
  readonly visibility: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly storedByPid: number;
  readonly storedAt: string;
  readonly sha256: string;
};

async function list(context: Context, command: Command): Promise<void> {
  const client = await context.client();
  const artifacts = await client.artifacts.list({ prefix: command.args[0] ?? '' });
  context.list(
    {
      kind: 'ArtifactList',
      items: artifacts.map(toItem),
      columns: COLUMNS,
      nameOf: ({ key }) => key,
      empty: 'There is no artifact.',
    },
    command.opts<ListFlags>(),
  );
}

function toItem(meta: ListedArtifact): ArtifactItem {
  const { storedAtMs, ...rest } = meta;
  return { ...rest, storedAt: isoTime(storedAtMs) };
}

const COLUMNS: readonly Column<ArtifactItem>[] = [
  { key: 'key', head: 'KEY', cut: 'middle', show: ({ key }) => safeLine(key) },
  { key: 'version', head: 'VERSION', show: ({ version }) => `v${version}` },
  { key: 'sizeBytes', head: 'SIZE', isRight: true, show: (a) => showBytes(a.sizeBytes) },
  { key: 'visibility', head: 'VISIBLE', show: ({ visibility }) => visibility },
  { key: 'storedByPid', head: 'BY', isRight: true, show: (a) => String(a.storedByPid) },
  {
    key: 'storedAt',
    head: 'AGE',
    isRight: true,
    show: ({ storedAt }) => showAge(Date.now() - Date.parse(storedAt)),
  },
  { key: 'contentType', head: 'TYPE', isWide: true, show: (a) => safeLine(a.contentType) },
  { key: 'sha256', head: 'SHA256', isWide: true, cut: 'middle', show: ({ sha256 }) => sha256 },
];

const VERSIONED = /^(.+)@v(\d{1,9})$/;

async function get(context: Context, { args: [name = '', file] }: Command): Promise<void> {
  const client = await context.client();
  const match = VERSIONED.exec(name);
  const [, key = name, version = '0'] = match ?? [];
  const artifact = await client.artifacts.get({ key, version: Number(version) });
  const { terminal, format, cwd } = context;
  if (format === 'json' || format === 'yaml' || format === 'jsonl') {
    return void terminal.out(renderDocument('Artifact', documentOf(artifact), format));
  }
  if (file !== undefined) {
    await writeFile(resolve(cwd, file), artifact.content).catch((error: unknown) => {
      throw fileError(error, `write ${file}`);
    });
    return terminal.note(`${key}@v${artifact.version} -> ${file}`);
  }
  terminal.out(artifact.content);
  if (terminal.isOutTty && artifact.content.at(-1) !== NEWLINE) terminal.out('\n');
}

const NEWLINE = 10;

function documentOf(artifact: Artifact) {
  const { content, storedAtMs, ...meta } = artifact;
  const text = utf8Of(content);
  const body = text === undefined ? { base64: Buffer.from(content).toString('base64') } : { text };
  return { ...meta, storedAt: isoTime(storedAtMs), ...body };
}

function utf8Of(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return undefined;
  }
}

async function put(context: Context, command: Command): Promise<void> {
  const [key = '', file = ''] = command.args;
  const { visibility, type } = command.opts<PutFlags>();
  const { VISIBILITY } = await import('@hivekernel/client');
  VISIBILITY.toWire(visibility, '--visibility');
  if (VERSIONED.test(key)) {
    throw usageError(`A key cannot end in a version: "${key}". Each put makes the next one.`);
  }
  const content = await contentOf(context, file);
  if (content.length > CONTENT_BYTES_MAX) throw tooLarge(file, content.length);
  const client = await context.client();
  const stored = await client.artifacts.put({
    key,
    content,
    contentType: type ?? contentTypeOf(file === '-' ? key : file),
    visibility: visibility as (typeof VISIBILITY.words)[number],
  });
  const body = { ...stored, sizeBytes: content.length, visibility };
  context.show('StoredArtifact', body, () => `${key}@v${stored.version}\n`);
}

function tooLarge(file: string, bytes: number): CliError {
  return new CliError({
    code: 'E_TOO_LARGE',
    exitCode: EXIT.usage,
    message: `${file} has ${bytes} bytes; an artifact may have ${CONTENT_BYTES_MAX}.`,
    why: 'Store it in parts, or store where it lies.',
  });
}

async function contentOf({ terminal, cwd }: Context, file: string): Promise<Uint8Array> {
  try {
    return file === '-'
      ? await terminal.readAll(CONTENT_BYTES_MAX)
      : await readFile(resolve(cwd, file));
  } catch (error) {
    if (error instanceof RangeError) throw usageError(`${error.message}.`);
    throw fileError(error, `read ${file}`);
  }
}

function fileError(cause: unknown, what: string): CliError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const message = `cannot ${what} (${code})`;
  return new CliError({ code: 'E_NO_FILE', exitCode: EXIT.usage, message, cause });
}
