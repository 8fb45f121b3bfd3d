// `hive artifact rm NAME…` and `hive artifact freeze NAME…`. Each name is done by itself; what did
// not work is told, and the others are done all the same.
//   More than one is asked about, and so is a frozen one: that it stays was promised to somebody.

import type { ArtifactName, HiveClient, ListedArtifact } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { asCliError, usageError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { confirm } from '../output/confirm.ts';
import { plural, showBytes } from '../output/human.ts';
import { safeLine } from '../output/plain-text.ts';
import { readName, readVersion, showName } from './artifact-name.ts';

interface DisposeFlags {
  readonly ifVersion?: string;
}

/** One of those named, and what there is of it. */
interface Target {
  readonly name: ArtifactName;
  readonly versions: readonly ListedArtifact[];
}

interface Doing {
  readonly kind: string;
  readonly verb: string;
  readonly asks: boolean;
  /** Gives what is printed for it. */
  readonly run: (client: HiveClient, target: Target, ifVersion?: number) => Promise<string>;
}

export const removeArtifacts = (context: Context, command: Command): Promise<number> =>
  dispose(context, command, {
    kind: 'ArtifactRemoval',
    verb: 'rm',
    asks: true,
    run: async ({ artifacts }, { versions }, ifVersion) => {
      const { id, key } = newestOf(versions);
      await artifacts.delete({ id, ...(ifVersion !== undefined && { ifVersion }) });
      return key;
    },
  });

export const freezeArtifacts = (context: Context, command: Command): Promise<number> =>
  dispose(context, command, {
    kind: 'ArtifactFreeze',
    verb: 'freeze',
    asks: false,
    run: async ({ artifacts }, { versions }, ifVersion) => {
      const { id } = newestOf(versions);
      const frozen = await artifacts.freeze({ id, ...(ifVersion !== undefined && { ifVersion }) });
      return `${frozen.key}@v${frozen.version}`;
    },
  });

async function dispose(context: Context, command: Command, doing: Doing): Promise<number> {
  const names = command.args.map((word) => readName(word, doing.verb));
  const ifVersion = readVersion('--if-version', command.opts<DisposeFlags>().ifVersion);
  if (ifVersion !== undefined && names.length > 1) {
    throw usageError('--if-version goes with one artifact.');
  }
  const client = await context.client();
  const failed: Failed[] = [];
  const targets: Target[] = [];
  for (const name of names) {
    await attempt({ name, failed }, async () => {
      targets.push({ name, versions: await client.artifacts.versions(name) });
    });
  }
  if (doing.asks && !(await mayRemove(context, targets))) return EXIT.failed;
  const done: string[] = [];
  for (const target of targets) {
    await attempt({ name: target.name, failed }, async () => {
      done.push(await doing.run(client, target, ifVersion));
    });
  }
  return tell(context, doing, { done, failed });
}

interface Failed {
  readonly name: string;
  readonly error: unknown;
}

async function attempt(
  at: { readonly name: ArtifactName; readonly failed: Failed[] },
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    at.failed.push({ name: showName(at.name), error });
  }
}

async function mayRemove(context: Context, targets: readonly Target[]): Promise<boolean> {
  const all = targets.flatMap(({ versions }) => versions);
  const frozen = targets.filter(({ versions }) => newestOf(versions).isFrozen).length;
  if (targets.length < 2 && frozen === 0) return true;
  const bytes = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const held = `${plural(all.length, 'version')}, ${showBytes(bytes)}`;
  const what = `${plural(targets.length, 'artifact')} (${held})`;
  const also = frozen === 0 ? '' : `, ${frozen} of them frozen`;
  const blast = `This deletes ${what}${also}.`;
  return confirm(context, { blast, question: `Delete ${plural(targets.length, 'artifact')}?` });
}

function tell(
  context: Context,
  { kind }: Doing,
  { done, failed }: { done: readonly string[]; failed: readonly Failed[] },
): number {
  const [first] = failed;
  if (first !== undefined && done.length === 0 && failed.length === 1) throw first.error;
  const failures = failed.map(({ name, error }) => {
    const { code, message } = asCliError(error);
    return { name, code, message };
  });
  context.show(kind, { done, failed: failures }, () =>
    done.map((one) => `${context.terminal.isOutTty ? safeLine(one) : one}\n`).join(''),
  );
  for (const { name, code, message } of failures) {
    context.terminal.note(`error[${code}]: ${safeLine(name)}: ${safeLine(message)}`);
  }
  if (failed.length === 0) return EXIT.ok;
  return done.length === 0 ? asCliError(first?.error).exitCode : EXIT.partial;
}

const newestOf = (versions: readonly ListedArtifact[]): ListedArtifact =>
  versions.at(-1) as ListedArtifact;
