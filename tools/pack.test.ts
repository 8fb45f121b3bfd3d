import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type HiveClient } from '@hivekernel/client';
import { Daemon } from '@hivekernel/daemon';
import { loadConfig } from '@hivekernel/daemon/config';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closureOf, packFolders, packPackages, publishedManifest, runStep } from './pack.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const INSTALL_TIMEOUT_MS = 120_000;
const RUN_TIMEOUT_MS = 60_000;
/** No keys, no servers of the machine, nothing slower than it must be. */
const QUIET_ENV = {
  PATH: process.env['PATH'] ?? '',
  HIVE_MODELS_LOCAL_PROBE: 'false',
  HIVE_SIM_LATENCY: '0',
  HIVE_JOURNAL_BALLAST: '0',
};

const newFolder = (name: string): string => mkdtempSync(join(tmpdir(), `hive-${name}-`));
const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

describe('publishedManifest()', () => {
  it('leads every entry to the built file and its declarations', () => {
    const manifest = {
      name: '@hivekernel/x',
      private: true,
      scripts: {},
      devDependencies: {},
      dependencies: { a: '1.0.0' },
      exports: { '.': './src/index.ts', './deep': './src/deep/index.ts' },
    };
    expect(publishedManifest(manifest)).toEqual({
      name: '@hivekernel/x',
      dependencies: { a: '1.0.0' },
      engines: { node: '>=24' },
      files: ['dist', 'bin', 'proto', 'README.md'],
      exports: {
        '.': { types: './dist/index.d.ts', default: './dist/index.js' },
        './deep': { types: './dist/deep/index.d.ts', default: './dist/deep/index.js' },
      },
    });
  });
});

describe('closureOf()', () => {
  const read =
    (needs: Record<string, string[]>) =>
    (name: string): { name: string; dependencies: Record<string, string> } => {
      const dependencies = (needs[name] ?? []).map((need) => [need, '1']);
      return { name, dependencies: Object.fromEntries(dependencies) };
    };

  it('puts each package after those that it needs, once', () => {
    const needs = { a: ['@hivekernel/b', '@hivekernel/c', 'zod'], b: ['@hivekernel/c'] };
    expect(closureOf(['a', 'b'], read(needs))).toEqual(['c', 'b', 'a']);
  });

  it('throws on a circle', () => {
    const needs = { a: ['@hivekernel/b'], b: ['@hivekernel/a'] };
    expect(() => closureOf(['a'], read(needs))).toThrow('a -> b -> a');
  });
});

describe('the packed packages', () => {
  let packed: string;
  let tarballs: string[];
  const tarballsOf = (names: readonly string[]): string[] =>
    tarballs.filter((path) => names.some((name) => basename(path).includes(`-${name}-`)));

  beforeAll(() => {
    packed = newFolder('tarballs');
    tarballs = packPackages({ names: ['cli'], outDir: packed });
  }, INSTALL_TIMEOUT_MS);

  afterAll(() => removeFolder(packed));

  describe('installed in a project of an agent author', () => {
    let project: string;

    beforeAll(() => {
      project = newFolder('author');
      writeFileSync(join(project, 'package.json'), '{"type":"module","private":true}');
      // From what is installed here, so that no registry is asked.
      const needed = packFolders([join(ROOT, 'node_modules/@bufbuild/protobuf')], packed);
      const flags = ['--no-audit', '--no-fund', '--offline', '--ignore-scripts'];
      const all = [...tarballsOf(['protocol', 'sdk']), ...needed];
      runStep('npm', ['install', ...flags, ...all], { cwd: project });
    }, INSTALL_TIMEOUT_MS);

    afterAll(() => removeFolder(project));

    const runInProject = (code: string): unknown => {
      writeFileSync(join(project, 'program.js'), code);
      return JSON.parse(runStep(process.execPath, ['program.js'], { cwd: project }));
    };

    it('load from JavaScript, with the same names as the sources', async () => {
      const sources = Object.keys(await import('@hivekernel/sdk')).toSorted();
      const code = `
        const names = Object.keys(await import('@hivekernel/sdk'));
        console.log(JSON.stringify(names.toSorted()));
      `;
      expect(runInProject(code)).toEqual(sources);
    });

    it('bring a protocol that encodes and decodes', () => {
      const code = `
        import { agent } from '@hivekernel/protocol';
        const reply = { success: true, killedPids: [8, 7], error: '', errorCode: '' };
        const bytes = agent.KillResponse.encode(reply).finish();
        console.log(JSON.stringify(agent.KillResponse.decode(bytes).killedPids));
      `;
      expect(runInProject(code)).toEqual([8, 7]);
    });

    it('bring declarations that compile in the strictest project', () => {
      const compilerOptions = {
        strict: true,
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2025', 'esnext.disposable', 'dom'],
        types: ['node'],
        typeRoots: [join(ROOT, 'node_modules/@types')],
        noEmit: true,
        skipLibCheck: false,
      };
      const code = `
        import * as sdk from '@hivekernel/sdk';
        import { agent } from '@hivekernel/protocol';
        export const read = (b: Uint8Array): number[] => agent.KillResponse.decode(b).killedPids;
        export default sdk;
      `;
      mkdirSync(join(project, 'typed'));
      writeFileSync(join(project, 'typed/program.ts'), code);
      const tsconfig = { compilerOptions, files: ['program.ts'] };
      writeFileSync(join(project, 'typed/tsconfig.json'), JSON.stringify(tsconfig));
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
      expect(runStep(process.execPath, [tsc, '-p', 'typed'], { cwd: project })).toBe('');
    });

    describe('run agents under a kernel that was installed elsewhere', () => {
      const TELLER = `
        import { Agent } from '@hivekernel/sdk';
        export class Teller extends Agent {
          async onTask(task, ctx) {
            const { name } = await ctx.info();
            await ctx.artifacts.put('told', task.description, { visibility: 'user' });
            return name + ' of ' + import.meta.resolve('@hivekernel/sdk');
          }
        }
        export default Teller;
      `;
      let daemon: Daemon;
      let client: HiveClient;

      beforeAll(async () => {
        writeFileSync(join(project, 'agent.js'), TELLER);
        const theirs = join(project, 'node_modules/tellers');
        mkdirSync(theirs);
        const manifest = { name: 'tellers', type: 'module', exports: './index.js' };
        writeFileSync(join(theirs, 'package.json'), JSON.stringify(manifest));
        writeFileSync(join(theirs, 'index.js'), TELLER);
        const dataDir = join(project, '.hive');
        const flags = { data: dataDir, listen: ['127.0.0.1:0'], httpPort: 0 };
        const config = await loadConfig({
          cwd: project,
          env: { ...QUIET_ENV, HOME: project, HIVE_MAID_ENABLED: 'false' },
          flags,
        });
        daemon = await Daemon.start({ config, log: () => undefined });
        client = await connect({ dataDir });
      });

      afterAll(async () => {
        client.close();
        await daemon.stop('test');
      });

      it.each(['./agent.js', './agent.js#Teller', 'tellers#Teller'])(
        'take the installation of the project for %s',
        async (image) => {
          const order = { name: 'teller', role: 'worker', tier: 'tactical', image } as const;
          const pid = await client.spawn(order);
          const report = await client.executeTask({ pid, description: image });
          expect(report).toMatchObject({ error: '', isCompleted: true });
          const installed = join(project, 'node_modules/@hivekernel/sdk/dist/index.js');
          expect(report.output).toMatch(/^teller\S* of file:/);
          expect(report.output).toContain(installed);
          const told = await client.artifacts.get({ key: 'told' });
          expect(new TextDecoder().decode(told.content)).toBe(image);
          await client.kill(pid);
        },
        RUN_TIMEOUT_MS,
      );
    });
  });

  describe('laid out as an installation of hive', () => {
    let project: string;

    beforeAll(() => {
      project = newFolder('packed');
      layOut(project, tarballs);
    }, INSTALL_TIMEOUT_MS);

    afterAll(() => removeFolder(project));

    const hive = (...args: string[]): string => {
      const program = join(project, 'node_modules/@hivekernel/cli/bin/hive.js');
      const env = { ...QUIET_ENV, HOME: project };
      return runStep(process.execPath, [program, ...args], { cwd: project, env });
    };

    it(
      'start the daemon from dist, run the crew on it, and stop',
      () => {
        writeFileSync(join(project, 'gate.md'), 'The harbour closes its gate in a storm.\n');
        hive('up', '-d', '--http-port', '0', '--listen', '127.0.0.1:0');
        try {
          const question = 'When does the harbour close its gate?';
          const report = hive('run', 'research-desk', question, '--input', 'gate.md', '--wait');
          expect(report).toContain('closes its gate in a storm');
          expect(report).toContain('gate.md');
          const { items } = JSON.parse(hive('ps', '-o', 'json')) as {
            items: { name: string; state: string }[];
          };
          const live = items.filter(({ state }) => state !== 'dead');
          expect(live.map(({ name }) => name)).toEqual(['king', 'maid@vps1']);
        } finally {
          hive('down', '--yes');
        }
        expect(readdirSync(join(project, '.hive'))).not.toContain('run.json');
      },
      RUN_TIMEOUT_MS,
    );

    it(
      'start the daemon also where the crew is missing, and say that there is no maid',
      () => {
        removeFolder(join(project, 'node_modules/@hivekernel/crew'));
        const data = join(project, 'without-crew');
        hive('up', '-d', '--data', data, '--http-port', '0', '--listen', '127.0.0.1:0');
        try {
          const { items } = JSON.parse(hive('ps', '--data', data, '-o', 'json')) as {
            items: unknown[];
          };
          expect(items).toMatchObject([{ name: 'king' }]);
        } finally {
          hive('down', '--data', data, '--yes');
        }
        const log = readFileSync(join(data, 'logs/hived.log'), 'utf8');
        expect(log).toContain('the maid: @hivekernel/crew/maid is not installed');
      },
      RUN_TIMEOUT_MS,
    );
  });
});

/** As npm lays out an installation; what others made is linked to what is installed here. */
function layOut(project: string, tarballs: readonly string[]): void {
  const modules = join(project, 'node_modules');
  for (const tarball of tarballs) {
    const name = /^hivekernel-([a-z]+)-/.exec(basename(tarball))?.[1] ?? '';
    const folder = join(modules, '@hivekernel', name);
    mkdirSync(folder, { recursive: true });
    runStep('tar', ['-xzf', tarball, '--strip-components=1'], { cwd: folder });
    const text = readFileSync(join(folder, 'package.json'), 'utf8');
    const { dependencies = {} } = JSON.parse(text) as { dependencies?: Record<string, string> };
    for (const other of Object.keys(dependencies)) {
      if (other.startsWith('@hivekernel/')) continue;
      mkdirSync(dirname(join(modules, other)), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', other), join(modules, other));
    }
  }
}
