/**
 * Copies one repository into an empty one beside it, by Surety and by restic in turn. `node bench/copies/run.ts --data FOLDER [--rounds N]`;
 * the folder is what is backed up first.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Measured, measure } from '../measure.ts';

const { values } = parseArgs({ options: { data: { type: 'string' }, rounds: { type: 'string', default: '3' } } });
if (values.data === undefined) throw new Error('name a folder with --data');

const PASSWORD = 'bench';
const program = join(import.meta.dirname, '..', '..', 'bin', 'surety');
const folder = mkdtempSync(join(tmpdir(), 'surety-bench-copies-'));
const at = (name: string) => join(folder, name);
const env = {
  HOME: at('home'),
  BENCH_PASSWORD: PASSWORD,
  RESTIC_PASSWORD: PASSWORD,
  RESTIC_FROM_PASSWORD: PASSWORD,
};
const run = (...argv: readonly string[]): Promise<Measured> => measure({ argv, cwd: folder, env });

const repository = (name: string, more: object = {}) => ({
  [name]: { type: 'restic', store: `file:${name}`, password: { env: 'BENCH_PASSWORD' }, ...more },
});

const WAYS = {
  'surety copy': () => run(program, 'copy', '--to', 'back', '--from', 'vault', '--quiet'),
  'surety copy, verify_after: false': () => run(program, 'copy', '--to', 'blind', '--from', 'vault', '--quiet'),
  'restic copy': () => run('restic', 'copy', '-r', 'theirs', '--from-repo', 'vault', '-q', '--no-cache'),
} as const;

async function empty(): Promise<void> {
  for (const name of ['back', 'blind', 'theirs']) rmSync(at(name), { recursive: true, force: true });
  await run(program, 'init', '--quiet');
  await run('restic', 'init', '-r', 'theirs', '--from-repo', 'vault', '--copy-chunker-params', '-q');
}

function median(all: readonly number[]): number {
  return all.toSorted((left, right) => left - right)[Math.floor(all.length / 2)] ?? Number.NaN;
}

try {
  mkdirSync(at('home'));
  const configuration = {
    sources: { data: { type: 'files', paths: [resolve(values.data)] } },
    repositories: { ...repository('vault'), ...repository('back'), ...repository('blind', { verify_after: false }) },
    jobs: { bench: { sources: 'all', to: ['vault'], copy_to: ['back', 'blind'] } },
  };
  writeFileSync(at('surety.yaml'), JSON.stringify(configuration));
  await run(program, 'init', '--quiet');
  await run(program, 'backup', '--repository', 'vault', '--quiet');
  const measured = new Map<string, Measured[]>(Object.keys(WAYS).map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    await empty();
    for (const [name, way] of Object.entries(WAYS)) measured.get(name)!.push(await way());
  }
  process.stdout.write('| | time, s | CPU, s | peak, MiB |\n| --- | --- | --- | --- |\n');
  for (const [name, all] of measured) {
    const seconds = (key: 'wallMs' | 'cpuMs') => (median(all.map((one) => one[key])) / 1000).toFixed(2);
    const peak = (median(all.map(({ peakBytes }) => peakBytes)) / 2 ** 20).toFixed(0);
    process.stdout.write(`| ${name} | ${seconds('wallMs')} | ${seconds('cpuMs')} | ${peak} |\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
