/**
 * What `compare_touched` saves: files of another host that were touched and have the content they had, backed up with it and without, in turn.
 * `--help` lists the options.
 */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { noise } from '../../test/fixtures/content.ts';
import { startFaultProxy } from '../../test/fixtures/fault-proxy.ts';
import { startSshServer } from '../../test/fixtures/ssh-server.ts';
import { measure } from '../measure.ts';

const HELP = `npm run bench:touched -- [options]
  --files N        how many small files there are, of 1 to 16 KiB (default 2000)
  --large MIB      size of the one large file (default 200)
  --latency MS     one way, of the line to the host (default 20)
  --rounds N       how often each is measured (default 3)`;

const program = join(import.meta.dirname, '..', '..', 'bin', 'surety');

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      files: { type: 'string', default: '2000' },
      large: { type: 'string', default: '200' },
      latency: { type: 'string', default: '20' },
      rounds: { type: 'string', default: '3' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const folder = mkdtempSync(join(tmpdir(), 'surety-bench-touched-'));
  try {
    const names = plant(join(folder, 'data'), Number(values.files), Number(values.large) * 2 ** 20);
    await using server = await startSshServer();
    await using line = await startFaultProxy(server.port, { latencyMs: Number(values.latency) });
    const { user, identityFile, knownHosts } = server;
    const host = { ssh: `${user}@127.0.0.1:${line.port}`, identity_file: identityFile, known_hosts: knownHosts };
    const env = {
      HOME: folder,
      XDG_STATE_HOME: folder,
      XDG_CACHE_HOME: join(folder, 'cache'),
      BENCH_PASSWORD: 'bench',
    };
    writeFileSync(join(folder, 'surety.yaml'), JSON.stringify(configuration(host, join(folder, 'data'))));
    const run = (...args: string[]) => measure({ argv: [program, ...args], cwd: folder, env });
    await run('init');
    for (const job of ['whole', 'compared']) await run('backup', job);
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const job of round % 2 === 0 ? ['whole', 'compared'] : ['compared', 'whole']) {
        for (const name of names) utimesSync(name, new Date(), new Date());
        const before = { ...line.counts };
        const { wallMs, cpuMs, peakBytes } = await run('backup', job);
        const upBytes = line.counts.upBytes - before.upBytes;
        const downBytes = line.counts.downBytes - before.downBytes;
        console.log(JSON.stringify({ job, wallMs, cpuMs, peakBytes, upBytes, downBytes }));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function plant(data: string, files: number, largeBytes: number): string[] {
  mkdirSync(data);
  const small = Array.from({ length: files }, (_, at) => join(data, `file ${at}`));
  for (const [at, name] of small.entries()) writeFileSync(name, noise(at, 1024 * (1 + (at % 16))));
  const large = join(data, 'large');
  writeFileSync(large, noise(files, largeBytes));
  return [...small, large];
}

function configuration(host: object, data: string): object {
  const source = { type: 'files', host: 'far', paths: [data] };
  const vault = (name: string) => ({ type: 'restic', store: `file:${name}`, password: { env: 'BENCH_PASSWORD' } });
  return {
    hosts: { far: host },
    sources: { whole: source, compared: { ...source, compare_touched: true } },
    repositories: { one: vault('one'), two: vault('two') },
    jobs: { whole: { sources: ['whole'], to: ['one'] }, compared: { sources: ['compared'], to: ['two'] } },
  };
}
