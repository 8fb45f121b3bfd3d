// `hive artifact ls|get|put|versions|diff|rm|freeze`: named, versioned content. `get` writes the
// content as it is; what you put is the operator's, for everybody unless you say otherwise.

import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Artifact } from '@hivekernel/client';
import type { Command } from 'commander';
import { ARTIFACT_COLUMNS, toArtifactItem, VERSION_COLUMNS } from '../artifact/artifact-items.ts';
import * as names from '../artifact/artifact-name.ts';
import { textIn } from '../artifact/artifact-text.ts';
import { diffArtifacts } from '../artifact/diff-artifacts.ts';
import { freezeArtifacts, removeArtifacts } from '../artifact/dispose-artifacts.ts';
import type { Bind } from '../command-table.ts';
import type { Context, ListFlags } from '../context.ts';
import { CliError, usageError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { isoTime } from '../output/human.ts';
import { renderDocument } from '../output/listing.ts';
import { addListOptions } from '../select/list-options.ts';
import { contentTypeOf } from './content-type.ts';

const CONTENT_BYTES_MAX = 16 * 1024 * 1024;

interface PutFlags {
  readonly visibility: string;
  readonly type?: string;
  readonly ifVersion?: string;
  readonly frozen?: boolean;
}

export function define(command: Command, bind: Bind): void {
  const ls = command.command('ls').description('List artifacts.');
  ls.argument('[prefix]', 'only keys that begin so');
  addListOptions(ls);
  bind(ls, list);
  const read = command.command('get').description('Write the content of one to stdout or a file.');
  read.argument('<key>', 'its key, key@v3 for a version, or id:a12').argument('[file]', 'where to');
  bind(read, get);
  const write = command.command('put').description('Store a file, or stdin, as the operator.');
  write
    .argument('<key>', 'the key; a new version if it is there')
    .argument('<file>', 'a file, or - for stdin')
    .option('--visibility <who>', 'private, user, subtree or global', 'global')
    .option('--type <type>', 'content type; left out: by the name')
    .option('--if-version <n>', 'only on top of this version; 0: only if there is none')
    .option('--frozen', 'it never changes again');
  bind(write, put);
  defineOnOne(command, bind);
}

function defineOnOne(command: Command, bind: Bind): void {
  const kept = command.command('versions').description('List the versions that are kept.');
  kept.argument('<key>', names.NAME_HELP);
  addListOptions(kept);
  bind(kept, versions);
  const diff = command.command('diff').description('What differs between two versions.');
  diff
    .argument('<from>', 'key@v1; a key alone: its last two versions')
    .argument('[to]', 'another version; left out: the newest')
    .option('-U, --unified <n>', 'so many lines around each place', '3')
    .addHelpText('after', '\nIt ends with 0 where they are the same, 1 where not, 2 in trouble.\n');
  bind(diff, diffArtifacts);
  const rm = command.command('rm').description('Delete artifacts with all their versions.');
  rm.argument('<key...>', names.NAME_HELP).option('--if-version <n>', 'only if this is the newest');
  bind(rm, removeArtifacts);
  const freeze = command.command('freeze').description('Let artifacts never change again.');
  freeze
    .argument('<key...>', names.NAME_HELP)
    .option('--if-version <n>', 'only if this is the newest');
  bind(freeze, freezeArtifacts);
}

async function list(context: Context, command: Command): Promise<void> {
  const client = await context.client();
  const artifacts = await client.artifacts.list({ prefix: command.args[0] ?? '' });
  context.list(
    {
      kind: 'ArtifactList',
      items: artifacts.map(toArtifactItem),
      columns: ARTIFACT_COLUMNS,
      nameOf: ({ key }) => key,
      empty: 'There is no artifact.',
    },
    command.opts<ListFlags>(),
  );
}

async function versions(context: Context, command: Command): Promise<void> {
  const name = names.readName(command.args[0] ?? '', 'versions');
  const client = await context.client();
  const kept = await client.artifacts.versions(name);
  context.list(
    {
      kind: 'ArtifactVersionList',
      items: kept.map(toArtifactItem),
      columns: VERSION_COLUMNS,
      nameOf: ({ key, version }) => `${key}@v${version}`,
    },
    command.opts<ListFlags>(),
  );
}

async function get(context: Context, { args: [word = '', file] }: Command): Promise<void> {
  const client = await context.client();
  const { name, version } = names.readNamedVersion(word);
  const artifact = await client.artifacts.get({ ...name, version });
  const { terminal, format, cwd } = context;
  if (format === 'json' || format === 'yaml' || format === 'jsonl') {
    return void terminal.out(renderDocument('Artifact', documentOf(artifact), format));
  }
  if (file !== undefined) {
    await writeFile(resolve(cwd, file), artifact.content).catch((error: unknown) => {
      throw fileError(error, `write ${file}`);
    });
    return terminal.note(`${artifact.key}@v${artifact.version} -> ${file}`);
  }
  terminal.out(artifact.content);
  if (terminal.isOutTty && artifact.content.at(-1) !== NEWLINE) terminal.out('\n');
}

const NEWLINE = 10;

function documentOf(artifact: Artifact) {
  const { content, storedAtMs, isFrozen, ...meta } = artifact;
  const text = textIn(content);
  const body = text === undefined ? { base64: Buffer.from(content).toString('base64') } : { text };
  return { ...meta, frozen: isFrozen, storedAt: isoTime(storedAtMs), ...body };
}

async function put(context: Context, command: Command): Promise<void> {
  const [word = '', file = ''] = command.args;
  const { visibility, type, frozen: isFrozen = false, ...flags } = command.opts<PutFlags>();
  const { VISIBILITY } = await import('@hivekernel/client');
  VISIBILITY.toWire(visibility, '--visibility');
  const name = names.readNewName(word);
  const ifVersion = names.readVersion('--if-version', flags.ifVersion);
  const content = await contentOf(context, file);
  if (content.length > CONTENT_BYTES_MAX) throw tooLarge(file, content.length);
  const client = await context.client();
  const stored = await client.artifacts.put({
    ...name,
    content,
    contentType: type ?? contentTypeOf(file === '-' ? name.key : file),
    visibility: visibility as (typeof VISIBILITY.words)[number],
    isFrozen,
    ...(ifVersion !== undefined && { ifVersion }),
  });
  const body = { ...stored, sizeBytes: content.length, visibility, frozen: isFrozen };
  context.show('StoredArtifact', body, () => `${word}@v${stored.version}\n`);
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
