// What an agent finds in its environment (PROTOCOL §4): the names that the configuration lets
// through, the spawn request's own, and ours. Provider keys are not among what is let through.
//   The spawn request wins over what is let through, and never over ours: an agent must not be
//   pointed at another kernel or past the gateway by its parent.

/** What the daemon sets. */
export interface OwnVariables {
  readonly HIVEKERNEL_PID: string;
  readonly HIVE_LINK: string;
  readonly HIVE_PROJECT: string;
  readonly OPENAI_BASE_URL: string;
  readonly OPENAI_API_KEY: string;
  readonly NODE_COMPILE_CACHE: string;
}

export interface AgentEnvironment {
  readonly env: Record<string, string>;
  /** Of the spawn request: names that are ours, or none that a system takes. Sorted. */
  readonly ignored: readonly string[];
}

const OURS = /^(HIVE_|HIVEKERNEL_)/;
const VARIABLE_NAME = /^[^=\0]+$/;

export function agentEnvironment(options: {
  own: OwnVariables;
  asked: Readonly<Record<string, string>>;
  /** Names, and where their values come from. */
  pass: readonly string[];
  from: Readonly<Record<string, string | undefined>>;
}): AgentEnvironment {
  const { own, asked, pass, from } = options;
  const env: Record<string, string> = {};
  for (const name of pass) {
    const value = from[name];
    if (value !== undefined && !isOurs(name, own)) env[name] = value;
  }
  const ignored: string[] = [];
  for (const [name, value] of Object.entries(asked)) {
    const isUsable = VARIABLE_NAME.test(name) && !value.includes('\0');
    if (isUsable && !isOurs(name, own)) env[name] = value;
    else ignored.push(name);
  }
  return { env: Object.assign(env, own), ignored: ignored.sort() };
}

const isOurs = (name: string, own: OwnVariables): boolean => OURS.test(name) || name in own;
