// Images: the names under which agents are started. `./file.ts#Export` and absolute paths are
// files, anything else is a package; without `#` the default export is meant.
//   A relative path is resolved against the project, not against the file that names it; `imageOf`
//   is for code that wants its own neighbour.
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AgentHandlers } from './agent.ts';
import { HiveError, messageOf } from './hive-error.ts';

/** Marks a package name that is to be resolved from the project (resolve-hooks.ts). */
export const FROM_PROJECT = 'hive-project:';

/**
 * The image of an export of a module that is at hand:
 * `imageOf(import.meta.url, 'Worker')` or `imageOf(import.meta.resolve('./worker.ts'), 'Worker')`.
 */
export function imageOf(moduleUrl: string | URL, exportName = 'default'): string {
  return `${fileURLToPath(moduleUrl)}#${exportName}`;
}

export interface ImageParts {
  /** What to import: a file URL, or a package name marked as the project's. */
  readonly specifier: string;
  readonly exportName: string;
}

export function parseImage(image: string, projectDir: string): ImageParts {
  const hash = image.lastIndexOf('#');
  const path = hash < 0 ? image : image.slice(0, hash);
  const exportName = (hash < 0 ? '' : image.slice(hash + 1)) || 'default';
  if (path === '') throw new HiveError('invalid_argument', `"${image}" names no file.`);
  if (path.startsWith('file:')) return { specifier: path, exportName };
  if (path.startsWith('.') || isAbsolute(path)) {
    return { specifier: pathToFileURL(resolve(projectDir, path)).href, exportName };
  }
  return { specifier: `${FROM_PROJECT}${path}`, exportName };
}

/** Imports an image and makes its agent. Throws `start_failed` with a sentence that names it. */
export async function loadAgent(image: string, projectDir: string): Promise<AgentHandlers> {
  try {
    const { specifier, exportName } = parseImage(image, projectDir);
    const module = (await import(specifier)) as Readonly<Record<string, unknown>>;
    return instanceOf(module[exportName], exportName, module);
  } catch (error) {
    const why = messageOf(error).replaceAll(FROM_PROJECT, '').split('\n')[0] ?? '';
    throw new HiveError('start_failed', `cannot load ${image}: ${why}`, { cause: error });
  }
}

const HANDLERS = [
  'onInit',
  'onTask',
  'onMessage',
  'onSignal',
  'onShutdown',
  'onDump',
] as const satisfies readonly (keyof AgentHandlers)[];

function instanceOf(
  exported: unknown,
  exportName: string,
  module: Readonly<Record<string, unknown>>,
): AgentHandlers {
  const agent = isClass(exported) ? new exported() : exported;
  if (typeof agent === 'object' && agent !== null && isHandlers(agent)) return agent;
  const found = Object.keys(module).toSorted().join(', ') || 'nothing';
  if (exported === undefined) {
    throw new Error(`it has no export "${exportName}" (it exports: ${found})`);
  }
  throw new Error(
    `its export "${exportName}" is no agent: it has none of ${HANDLERS.join(', ')}; ` +
      'export a class that extends Agent, or defineAgent(…)',
  );
}

function isClass(exported: unknown): exported is new () => object {
  return (
    typeof exported === 'function' && /^class\b/.test(Function.prototype.toString.call(exported))
  );
}

function isHandlers(value: object): value is AgentHandlers {
  return HANDLERS.some((name) => name in value);
}
