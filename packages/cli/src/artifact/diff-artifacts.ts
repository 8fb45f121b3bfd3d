// `hive artifact diff NAME[@vN] [NAME[@vM]]`: what differs between two versions, as a unified diff.
//   Exit codes are those of diff (UX §4.4): 0 the same, 1 different, 2 trouble of any kind.

import type { Artifact, HiveClient } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { asCliError, CliError, usageError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { safeText } from '../output/plain-text.ts';
import type { Paint } from '../output/terminal.ts';
import { readNamedVersion, showName } from './artifact-name.ts';
import type { NamedVersion } from './artifact-name.ts';
import { textIn } from './artifact-text.ts';
import { unifiedDiff } from './unified-diff.ts';

interface DiffFlags {
  readonly unified: string;
}

const CONTEXT_LINES_MAX = 1_000_000;

export async function diffArtifacts(context: Context, command: Command): Promise<number> {
  try {
    return await diff(context, command);
  } catch (error) {
    const { code, message, why, hints, details, exitCode } = asCliError(error);
    if (exitCode === EXIT.bug) throw error;
    const parts = { code, message, why, hints, details, cause: error };
    throw new CliError({ ...parts, exitCode: EXIT.usage });
  }
}

async function diff(context: Context, command: Command): Promise<number> {
  const contextLines = Number(command.opts<DiffFlags>().unified);
  if (!Number.isInteger(contextLines) || contextLines < 0 || contextLines > CONTEXT_LINES_MAX) {
    throw usageError('--unified wants a number of lines.');
  }
  const client = await context.client();
  const [from, to] = await pairOf(client, command.args.map(readNamedVersion));
  const isSame = from.sha256 === to.sha256;
  const texts = [textIn(from.content), textIn(to.content)] as const;
  const isBinary = texts.includes(undefined);
  const names = [nameOf(from), nameOf(to)] as const;
  const text =
    isBinary || isSame
      ? ''
      : unifiedDiff(
          { name: names[0], text: texts[0] ?? '' },
          { name: names[1], text: texts[1] ?? '' },
          { contextLines },
        );
  const body = { from: names[0], to: names[1], same: isSame, binary: isBinary, diff: text };
  context.show('ArtifactDiff', body, () => {
    if (isBinary && !isSame) return `Binary artifacts ${names[0]} and ${names[1]} differ\n`;
    const { isOutTty, outPaint } = context.terminal;
    const shown = isOutTty ? safeText(text) : text;
    return outPaint.hasColour ? coloured(shown, outPaint) : shown;
  });
  return isSame ? EXIT.ok : EXIT.failed;
}

const nameOf = ({ key, version }: Artifact): string => `${key}@v${version}`;

async function pairOf(
  client: HiveClient,
  [first, second]: readonly NamedVersion[],
): Promise<readonly [Artifact, Artifact]> {
  if (first === undefined) throw usageError('Name an artifact.');
  if (second !== undefined) return [await fetch(client, first), await fetch(client, second)];
  if (first.version !== 0) {
    return [await fetch(client, first), await fetch(client, { ...first, version: 0 })];
  }
  const [before, newest] = (await client.artifacts.versions(first.name)).slice(-2);
  if (before === undefined || newest === undefined) {
    throw usageError(`Only one version of ${showName(first.name)} is kept.`);
  }
  const at = (version: number) => fetch(client, { name: { id: newest.id }, version });
  return [await at(before.version), await at(newest.version)];
}

const fetch = (client: HiveClient, { name, version }: NamedVersion): Promise<Artifact> =>
  client.artifacts.get({ ...name, version });

function coloured(diff: string, paint: Paint): string {
  const colourOf: Readonly<Record<string, (line: string) => string>> = {
    '+': paint.green,
    '-': paint.red,
    '@': paint.cyan,
  };
  return diff
    .split('\n')
    .map((line) => colourOf[line.charAt(0)]?.(line) ?? line)
    .join('\n');
}
