/**
 * `npm run bench:remote`: backups to an object store that is far away. A throw-away Ceph cluster is the store; a proxy makes the line to
 * it slow. `--help` lists the options.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CephServer, startCeph } from '../../test/fixtures/ceph-server.ts';
import { type FaultProxy, startFaultProxy } from '../../test/fixtures/fault-proxy.ts';
import { mixedFiles } from '../datasets/mixed-files.ts';
import { type Prepared, prepareDataset } from '../datasets/prepare.ts';
import { type Measured, measure } from '../measure.ts';
import { settlePageCache, touchMemory, unusedMemory } from '../page-cache.ts';
import { type Place, STEPS, type Step, type Tool } from '../tools/tool.ts';
import { countTree } from '../tree-size.ts';
import type { RemoteOptions } from './remote-options.ts';
import { remoteTools } from './remote-tools.ts';
import { type RemoteRow, reportRemote } from './report-remote.ts';

const HELP = `npm run bench:remote -- [options]
  --tools a,b      of surety, restic, rclone (default all)
  --steps a,b      of ${STEPS.join(', ')} (default all but verify)
  --latency MS     one way, of the line to the store (default 20)
  --rate MB        megabytes per second in each direction of each connection (default unlimited)
  --scale F        size of the data set, 3 GB in 50,000 files at 1 (default 0.3)
  --rounds N       how often everything is repeated; medians are reported (default 1).
  --dir DIR        where everything is written (default below the temporary folder)
  --out DIR        where the table is written (default bench/results)`;

/** More than a step writes. */
const TOUCHED_BYTES = 2 * 2 ** 30;
/** Left alone where all that is unused is touched. */
const SPARE_BYTES = 2 ** 30;

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      tools: { type: 'string', default: 'surety,restic,rclone' },
      steps: { type: 'string', default: 'init,first,unchanged,day-two,restore' },
      latency: { type: 'string', default: '20' },
      rate: { type: 'string' },
      scale: { type: 'string', default: '0.3' },
      rounds: { type: 'string', default: '1' },
      dir: { type: 'string', default: join(tmpdir(), 'surety-bench') },
      out: { type: 'string', default: join(import.meta.dirname, '..', 'results') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const options: RemoteOptions = {
    tools: values.tools.split(','),
    steps: values.steps.split(',') as Step[],
    latencyMs: Number(values.latency),
    bytesPerSecond: values.rate === undefined ? Number.POSITIVE_INFINITY : Number(values.rate) * 1e6,
    scale: Number(values.scale),
    rounds: Number(values.rounds),
    dir: values.dir,
    out: values.out,
  };
  const prepared = prepareDataset(mixedFiles, join(options.dir, 'data'), options.scale);
  const rows: RemoteRow[] = [];
  touchMemory(Math.max(0, unusedMemory() - SPARE_BYTES));
  const work = join(options.dir, 'work');
  rmSync(work, { recursive: true, force: true });
  try {
    for (let round = 1; round <= options.rounds; round++) rows.push(...(await runRound(prepared, round, options)));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  mkdirSync(options.out, { recursive: true });
  const text = reportRemote(rows, options);
  console.log(`\n${text}`);
  writeFileSync(join(options.out, 'remote.md'), text);
  writeFileSync(join(options.out, 'remote.json'), JSON.stringify(rows, undefined, 1));
}

/** A new cluster for each round; within a step the tools take turns, and another one begins each time. */
async function runRound(prepared: Prepared, round: number, options: RemoteOptions): Promise<RemoteRow[]> {
  // All of it stays to the end: where many files were removed some minutes ago, ext4 looks long for inodes that it may use again.
  const work = join(options.dir, 'work', String(round));
  await using ceph = await startCeph();
  const { latencyMs, bytesPerSecond } = options;
  await using line = await startFaultProxy(ceph.port, { latencyMs, bytesPerSecond });
  const all = remoteTools({ ...ceph, endpoint: `http://127.0.0.1:${line.port}` }, join(options.dir, 'compiled'));
  const tools = all.filter(({ name }) => options.tools.includes(name));
  const places = new Map(tools.map((tool) => [tool, preparePlace(tool, prepared, work)]));
  const rows: RemoteRow[] = [];
  for (const [index, step] of STEPS.entries()) {
    if (!options.steps.includes(step)) continue;
    if (step === 'day-two') prepared.nextDay();
    const by = (round + index) % tools.length;
    for (const tool of [...tools.slice(by), ...tools.slice(0, by)]) {
      const measured = await runStep(tool, step, places.get(tool)!, line);
      if (measured === undefined) continue;
      const stored = step === 'init' ? 0 : await bytesIn(ceph, `bench-${tool.name}`);
      rows.push({ round, tool: tool.name, step, storedBytes: stored, ...measured });
      console.log(JSON.stringify(rows.at(-1)));
    }
  }
  return rows;
}

function preparePlace(tool: Tool, prepared: Prepared, work: string): Place {
  const home = join(work, tool.name);
  mkdirSync(home, { recursive: true });
  const place = {
    data: prepared.root,
    home,
    repository: join(home, 'repository'),
    target: join(work, `target-${tool.name}`),
  };
  tool.prepare?.(place);
  return place;
}

type Counted = Measured & Pick<RemoteRow, 'requests' | 'connections' | 'upBytes' | 'downBytes'>;

async function runStep(tool: Tool, step: Step, place: Place, line: FaultProxy): Promise<Counted | undefined> {
  const command = tool.command(step, place);
  if (command === undefined) return undefined;
  if (step === 'restore') mkdirSync(place.target);
  else settlePageCache([place.data], false);
  execFileSync('sync');
  touchMemory(TOUCHED_BYTES);
  const before = { ...line.counts };
  const measured = await measure(command);
  const since = (name: keyof FaultProxy['counts']) => line.counts[name] - before[name];
  if (step === 'restore') checkRestored(tool, place);
  return {
    ...measured,
    requests: since('requests'),
    connections: since('connections'),
    upBytes: since('upBytes'),
    downBytes: since('downBytes'),
  };
}

/** A tool that restores less is not faster. */
function checkRestored(tool: Tool, place: Place): void {
  const [wanted, got] = [countTree(place.data), countTree(tool.restored(place))];
  if (wanted.files === got.files && wanted.sizeBytes === got.sizeBytes) return;
  throw new Error(`${tool.name} restored ${got.files} files of ${got.sizeBytes} bytes instead of ${wanted.files}`);
}

async function bytesIn(ceph: CephServer, bucket: string): Promise<number> {
  const stats = JSON.parse(await ceph.admin('bucket', 'stats', `--bucket=${bucket}`));
  return stats.usage?.['rgw.main']?.size ?? 0;
}
