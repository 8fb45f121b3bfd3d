// What a kernel needs of this machine, one check each: it holds, or there is a fix.
//   A check never changes anything and never throws: what goes wrong is its finding.

import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { connect, isOsProcessAlive, readRunFile } from '@hivekernel/client';
import type { RunInfo } from '@hivekernel/client';
import { dataDirsOf, discoverModels } from '@hivekernel/daemon';
import type { Config } from '@hivekernel/daemon';
import { isPortFree } from '../kernel/free-ports.ts';
import { showAge, showBytes } from '../output/human.ts';
import type { Terminal } from '../output/terminal.ts';
import { cliVersion } from '../version.ts';

export interface Finding {
  readonly check: string;
  readonly isGood: boolean;
  readonly detail: string;
  readonly fix?: string;
}

export interface Patient {
  readonly config: Config;
  readonly terminal: Terminal;
  /** Of the kernel that runs here, whether it answers or not. */
  readonly run: RunInfo | undefined;
}

type Check = (patient: Patient) => Finding | Promise<Finding>;

const NODE_MAJOR_MIN = 24;
const SOCKET_PATH_BYTES_MAX = 107;
const ANSWER_TIMEOUT_MS = 3_000;
/** What a journal can grow by beside its ballast before somebody looks. */
const DISK_SPARE_BYTES = 256 * 1024 * 1024;
/** No clock that is right shows less: the day this was written. */
const CLOCK_MIN_MS = Date.UTC(2026, 0, 1);

export const CHECKS: Readonly<Record<string, Check>> = {
  node: checkNode,
  terminal: checkTerminal,
  'data directory': checkDataDir,
  'socket path': checkSocketPath,
  disk: checkDisk,
  clock: checkClock,
  kernel: checkKernel,
  'http port': ({ config, run }) => checkPort('http port', { port: config.daemon.httpPort, run }),
  'grpc port': checkGrpcPort,
  model: checkModel,
};

export async function examine(patient: Patient): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [check, look] of Object.entries(CHECKS)) {
    findings.push(await safely(check, () => look(patient)));
  }
  return findings;
}

/** The configuration with everything's run.json. */
export async function patientOf(config: Config, terminal: Terminal): Promise<Patient> {
  const run = await readRunFile(config.daemon.dataDir);
  const isThere = run !== undefined && isOsProcessAlive(run.osPid);
  return { config, terminal, run: isThere ? run : undefined };
}

async function safely(check: string, look: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { check, isGood: false, detail };
  }
}

function checkNode(): Finding {
  const { node } = process.versions;
  const isGood = Number(node.split('.')[0]) >= NODE_MAJOR_MIN;
  const fix = `npm ci (it brings Node ${NODE_MAJOR_MIN})`;
  return {
    check: 'node',
    isGood,
    detail: `${node} (${process.execPath})`,
    ...(!isGood && { fix }),
  };
}

function checkTerminal({ terminal }: Patient): Finding {
  const { env } = terminal;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  const isUtf8 = /utf-?8/i.test(locale) || process.platform !== 'linux' || !terminal.isOutTty;
  const colour = terminal.outPaint.hasColour ? 'colour' : 'no colour';
  const where = terminal.isOutTty ? `a terminal, ${colour}` : `no terminal, ${colour}`;
  if (isUtf8) return { check: 'terminal', isGood: true, detail: where };
  const detail = `the locale "${locale}" is not UTF-8`;
  return { check: 'terminal', isGood: false, detail, fix: 'export LANG=C.UTF-8' };
}

async function checkDataDir({ config }: Patient): Promise<Finding> {
  const { dataDir } = config.daemon;
  const check = 'data directory';
  const existing = await nearestExisting(dataDir);
  if (!(await stat(existing)).isDirectory()) {
    const fix = 'choose another with --data DIR, or move the file away';
    return { check, isGood: false, detail: `${existing} is a file, not a directory`, fix };
  }
  try {
    await access(existing, constants.W_OK | constants.X_OK);
    const detail = existing === dataDir ? dataDir : `${dataDir} (not there yet)`;
    return { check, isGood: true, detail };
  } catch {
    const fix = 'choose another with --data DIR, or change its rights';
    return { check, isGood: false, detail: `${existing} cannot be written`, fix };
  }
}

async function nearestExisting(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const isThere = await access(at).then(
      () => true,
      () => false,
    );
    if (isThere || at === dirname(at)) return at;
  }
}

function checkSocketPath({ config }: Patient): Finding {
  const { adminSocket } = dataDirsOf(config.daemon.dataDir);
  const bytes = Buffer.byteLength(adminSocket);
  const isGood = bytes <= SOCKET_PATH_BYTES_MAX;
  const detail = `${adminSocket} (${bytes} of ${SOCKET_PATH_BYTES_MAX} bytes)`;
  const fix = 'set XDG_RUNTIME_DIR or TMPDIR to a shorter directory';
  return { check: 'socket path', isGood, detail, ...(!isGood && { fix }) };
}

async function checkDisk({ config }: Patient): Promise<Finding> {
  const { dataDir, journal } = config.daemon;
  const stats = await statfs(await nearestExisting(dataDir));
  const freeBytes = stats.bavail * stats.bsize;
  const isGood = freeBytes >= journal.ballastBytes + DISK_SPARE_BYTES;
  const fix = 'free some space, or choose another disk with --data DIR';
  return { check: 'disk', isGood, detail: `${showBytes(freeBytes)} free`, ...(!isGood && { fix }) };
}

function checkClock(): Finding {
  const now = new Date();
  const isGood = now.getTime() >= CLOCK_MIN_MS;
  return {
    check: 'clock',
    isGood,
    detail: now.toISOString(),
    ...(!isGood && { fix: 'set the clock' }),
  };
}

async function checkKernel({ config, run }: Patient): Promise<Finding> {
  const check = 'kernel';
  const { dataDir } = config.daemon;
  if (run === undefined) return { check, isGood: true, detail: 'not running' };
  try {
    const client = await connect({ dataDir, client: 'hive-doctor', timeoutMs: ANSWER_TIMEOUT_MS });
    client.close();
    const version = cliVersion();
    const isGood = client.kernel.version === version;
    const since = `OS process ${run.osPid}, for ${showAge(Date.now() - run.startedAtMs)}`;
    const detail = `${client.kernel.version}, ${since}`;
    const fix = `this hive is ${version}: hive down && hive up -d`;
    return { check, isGood, detail, ...(!isGood && { fix }) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const fix = `kill ${run.osPid}, then hive up -d`;
    return { check, isGood: false, detail: `OS process ${run.osPid} does not answer: ${why}`, fix };
  }
}

async function checkPort(
  check: string,
  { port, run }: { port: number; run: RunInfo | undefined },
): Promise<Finding> {
  if (port === 0) return { check, isGood: true, detail: 'any free one' };
  if (run !== undefined) return { check, isGood: true, detail: `${port}, of the running kernel` };
  if (await isPortFree(port)) return { check, isGood: true, detail: `${port} is free` };
  const flag = check.startsWith('http') ? '--http-port 0' : '--listen :0';
  const fix = `stop who has it, or hive up ${flag}`;
  return { check, isGood: false, detail: `${port} is taken`, fix };
}

async function checkGrpcPort({ config, run }: Patient): Promise<Finding> {
  const door = config.daemon.listen.find(({ kind }) => kind === 'tcp');
  if (door?.kind !== 'tcp') return { check: 'grpc port', isGood: true, detail: 'none' };
  return checkPort('grpc port', { port: door.port, run });
}

async function checkModel({ config }: Patient): Promise<Finding> {
  try {
    const { line, candidates } = await discoverModels(config);
    const others = candidates
      .filter(({ found, kind }) => !found && kind !== 'local')
      .map(({ why }) => why);
    const detail = others.length === 0 ? line : `${line} (${others.join('; ')})`;
    return { check: 'model', isGood: true, detail };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { check: 'model', isGood: false, detail, fix: 'hive up --model sim' };
  }
}
