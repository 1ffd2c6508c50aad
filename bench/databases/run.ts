/** `npm run bench:databases`: what the second day of a database costs, in Surety and in the usual ways. `--help` lists the options. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres } from '../../test/fixtures/postgres-server.ts';
import { type Measured, measure } from '../measure.ts';
import { countTree } from '../tree-size.ts';
import { createDatabase, daysOf } from './days.ts';
import { GZIP, METHODS, type Method, type MethodPlace } from './methods.ts';

const HELP = `npm run bench:databases -- [options]
  --scale N    pgbench's scale factor; 20 is two million accounts (default 20)
  --only TEXT  only methods with this in their name, and pg_dump | gzip
  --dir DIR    where everything is written; removed at the end (default below the temporary folder)
  --out DIR    where the table is written (default bench/results)`;

/** One method on one day. */
interface Cell extends Measured {
  readonly method: string;
  readonly day: string;
  readonly addedBytes: number;
}

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      scale: { type: 'string', default: '20' },
      only: { type: 'string', default: '' },
      dir: { type: 'string', default: join(tmpdir(), 'surety-bench-databases') },
      out: { type: 'string', default: join(import.meta.dirname, '..', 'results') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const methods = METHODS.filter((method) => method === GZIP || method.name.includes(values.only));
  const cells = await bench(methods, Number(values.scale), values.dir);
  report(methods, cells, Number(values.scale), values.out);
}

async function bench(methods: readonly Method[], scale: number, dir: string): Promise<Cell[]> {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const cells: Cell[] = [];
  await using server = await startPostgres({ settings: ['shared_buffers = 256MB', 'max_wal_size = 4GB'] });
  try {
    await createDatabase(server, scale);
    const places = new Map(methods.map((method, at) => [method, preparePlace(join(dir, String(at)), server)]));
    for (const method of methods) {
      const init = method.init?.(places.get(method)!);
      if (init !== undefined) await measure(init);
    }
    const days = [{ name: 'first', happen: async () => {} }, ...daysOf(scale)];
    for (const [round, day] of days.entries()) {
      await day.happen(server);
      for (const method of rotate(methods, round)) {
        cells.push(await runDay(method, places.get(method)!, day.name));
      }
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return cells;
}

function preparePlace(home: string, server: MethodPlace['server']): MethodPlace {
  mkdirSync(home);
  return { home, repository: join(home, 'repository'), server };
}

/** Another method begins each time. */
function rotate(methods: readonly Method[], by: number): Method[] {
  const at = by % methods.length;
  return [...methods.slice(at), ...methods.slice(0, at)];
}

async function runDay(method: Method, place: MethodPlace, day: string): Promise<Cell> {
  const before = sizeOf(place);
  const measured = await measure(method.backup(place, day));
  const cell = { ...measured, method: method.name, day, addedBytes: sizeOf(place) - before };
  const shown = `${(cell.wallMs / 1000).toFixed(2)} s  cpu ${(cell.cpuMs / 1000).toFixed(2)} s  peak ${mebibytes(cell.peakBytes)} MiB`;
  console.log(`  ${day.padEnd(8)} ${method.name.padEnd(30)} ${shown}  added ${mebibytes(cell.addedBytes)} MiB`);
  return cell;
}

function sizeOf({ repository }: MethodPlace): number {
  try {
    return countTree(repository).sizeBytes;
  } catch {
    return 0;
  }
}

function report(methods: readonly Method[], cells: readonly Cell[], scale: number, out: string): void {
  const at = (method: Method, day: string) => cells.find((cell) => cell.method === method.name && cell.day === day)!;
  const dump = at(GZIP, 'first');
  const days = daysOf(scale);
  const head = [
    '',
    'first, s',
    '× gzip',
    'CPU, s',
    'peak, MiB',
    'stored, MiB',
    ...days.map(({ title }) => `${title}, MiB (of the dump)`),
  ];
  const rows = methods.map((method) => {
    const first = at(method, 'first');
    const added = days.map(({ name }) => {
      const { addedBytes } = at(method, name);
      return `${mebibytes(addedBytes)} (${((addedBytes / dump.addedBytes) * 100).toFixed(2)} %)`;
    });
    const seconds = [first.wallMs, first.cpuMs].map((ms) => (ms / 1000).toFixed(2));
    const ratio = (first.wallMs / dump.wallMs).toFixed(2);
    return [
      method.name,
      seconds[0],
      ratio,
      seconds[1],
      mebibytes(first.peakBytes),
      mebibytes(first.addedBytes),
      ...added,
    ];
  });
  const text = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
  console.log(`\nscale ${scale}\n\n${text}`);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'databases.md'), `${text}\n`);
  writeFileSync(join(out, 'databases.json'), JSON.stringify({ scale, cells }, undefined, 1));
}

function mebibytes(sizeBytes: number): string {
  return (sizeBytes / 2 ** 20).toFixed(2);
}
