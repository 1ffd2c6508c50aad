/** `npm run bench`: measures Surety beside restic and borg on generated data sets. `--help` lists the options. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Prepared, prepareDataset } from './datasets/prepare.ts';
import { measure } from './measure.ts';
import { type BenchOptions, HELP, parseOptions } from './options.ts';
import { settlePageCache } from './page-cache.ts';
import { type Row, report } from './report.ts';
import { type Place, STEPS, type Step, type Tool } from './tools/tool.ts';
import { countTree } from './tree-size.ts';

await main();

async function main(): Promise<void> {
  let options: BenchOptions | undefined;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    process.exitCode = 2;
    return;
  }
  if (options === undefined) console.log(HELP);
  else await bench(options);
}

async function bench(options: BenchOptions): Promise<void> {
  const versions = options.tools.map((tool) => versionOf(tool));
  console.log(versions.join('\n'));
  const rows: Row[] = [];
  for (const dataset of options.datasets) {
    console.log(`\n${dataset.letter}: ${dataset.title}${options.scale === 1 ? '' : ` at scale ${options.scale}`}`);
    const prepared = prepareDataset(dataset, join(options.dir, 'data'), options.scale);
    for (let round = 1; round <= options.rounds; round++) rows.push(...(await runRound(prepared, round, options)));
  }
  report(rows, versions, options);
}

function versionOf(tool: Tool): string {
  const [program = '', ...args] = tool.version;
  return `${tool.name}: ${execFileSync(program, args, { encoding: 'utf8' }).split('\n')[0]}`;
}

/** All steps in order; within a step the tools take turns, and another one begins each time. */
async function runRound(prepared: Prepared, round: number, options: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  const last = Math.max(...options.steps.map((step) => STEPS.indexOf(step)));
  const work = join(options.dir, 'work');
  rmSync(work, { recursive: true, force: true });
  const places = new Map(options.tools.map((tool) => [tool, preparePlace(tool, prepared, work)]));
  try {
    for (const [index, step] of STEPS.slice(0, last + 1).entries()) {
      if (step === 'day-two') prepared.nextDay();
      for (const tool of rotate(options.tools, round + index)) {
        const row = await runStep(tool, step, places.get(tool)!, prepared, round, options);
        if (row && options.steps.includes(step)) rows.push(row);
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return rows;
}

function preparePlace(tool: Tool, prepared: Prepared, work: string): Place {
  const home = join(work, tool.name);
  mkdirSync(home, { recursive: true });
  const place = { data: prepared.root, home, repository: join(home, 'repository'), target: join(work, 'target') };
  tool.prepare?.(place);
  return place;
}

function rotate<Item>(items: readonly Item[], by: number): Item[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

async function runStep(
  tool: Tool,
  step: Step,
  place: Place,
  prepared: Prepared,
  round: number,
  options: BenchOptions,
): Promise<Row | undefined> {
  const command = tool.command(step, place);
  if (command === undefined) return undefined;
  if (step === 'restore') mkdirSync(place.target);
  if (step !== 'init')
    settlePageCache([step === 'verify' || step === 'restore' ? place.repository : place.data], options.cold);
  const measured = await measure(command);
  const storedBytes = countTree(place.repository).sizeBytes;
  if (step === 'restore') checkRestored(tool, place);
  const row = { dataset: prepared.dataset.letter, round, tool: tool.name, step, ...measured, storedBytes };
  const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
  console.log(
    `  ${step.padEnd(10)} ${tool.name.padEnd(7)} ${(row.wallMs / 1000).toFixed(2).padStart(8)} s  cpu ${(row.cpuMs / 1000).toFixed(1).padStart(6)} s  ` +
      `peak ${mebibytes(row.peakBytes).padStart(9)}  stored ${mebibytes(storedBytes).padStart(9)}`,
  );
  return row;
}

/** A tool that restores less is not faster. */
function checkRestored(tool: Tool, place: Place): void {
  const [wanted, got] = [countTree(place.data), countTree(tool.restored(place))];
  rmSync(place.target, { recursive: true, force: true });
  if (wanted.files !== got.files || wanted.sizeBytes !== got.sizeBytes) {
    throw new Error(
      `${tool.name} restored ${got.files} files of ${got.sizeBytes} bytes instead of ${wanted.files} of ${wanted.sizeBytes}`,
    );
  }
}
