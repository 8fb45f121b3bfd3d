// Messages by the fields that matter: generated types want every field, this fills in the rest with
// the zero values of the wire.

const EMPTY = new Uint8Array(0);

/** `make(agent.SpawnRequest, { name: 'a' })`; nested messages are taken as they are. */
export function make<T extends object>(
  codec: { decode(input: Uint8Array): T },
  fields: Partial<T>,
): T {
  return Object.assign(codec.decode(EMPTY), fields);
}
