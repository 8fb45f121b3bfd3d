// How an agent's imports are found when its file lies outside this workspace: `@hivekernel/*` is
// the user's own installation first, else the one that the runner came with. An image that is a
// package is looked up from the project, then beside the runner.
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { FROM_PROJECT } from './image.ts';

const OURS = '@hivekernel/';
const NOT_FOUND: ReadonlySet<string> = new Set([
  'ERR_MODULE_NOT_FOUND',
  'MODULE_NOT_FOUND',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
]);

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NOT_FOUND.has(String(error.code));
}

/** Holds for the rest of the process. */
export function installResolveHooks(projectDir: string): void {
  const projectUrl = pathToFileURL(`${projectDir}/package.json`).href;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const isFromProject = specifier.startsWith(FROM_PROJECT);
      if (!isFromProject && !specifier.startsWith(OURS)) return nextResolve(specifier, context);
      const name = isFromProject ? specifier.slice(FROM_PROJECT.length) : specifier;
      const parentURL = isFromProject ? projectUrl : context.parentURL;
      try {
        return nextResolve(name, { ...context, parentURL });
      } catch (error) {
        if (!isNotFound(error)) throw error;
        return nextResolve(name, { ...context, parentURL: import.meta.url });
      }
    },
  });
}
