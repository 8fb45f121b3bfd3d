// Things of which a process has one, even when two copies of the SDK are loaded: the runner's and
// the agent's own installation. Not for state that one copy can keep to itself.

const ROOT = Symbol.for('hivekernel.processWide');

type Shelf = Map<string, unknown>;

/** The one made first under this name; the name stands for its type, for ever. */
export function processWide<T>(name: string, make: () => T): T {
  const holder = globalThis as { [ROOT]?: Shelf };
  const shelf: Shelf = (holder[ROOT] ??= new Map());
  if (!shelf.has(name)) shelf.set(name, make());
  return shelf.get(name) as T;
}
