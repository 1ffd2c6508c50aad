/**
 * `npm run bench:pull`: file trees of another host, fetched through a slow line. A throw-away sshd is the host; a proxy makes the line to it
 * slow. `--help` lists the options.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startFaultProxy } from '../../test/fixtures/fault-proxy.ts';
import { startSshServer } from '../../test/fixtures/ssh-server.ts';
import { prepareDataset } from '../datasets/prepare.ts';
import { smallFiles } from '../datasets/small-files.ts';
import { type Measured, measure } from '../measure.ts';
import { settlePageCache } from '../page-cache.ts';
import type { Place, Step } from '../tools/tool.ts';
import { pullTools } from './pull-tools.ts';

const HELP = `npm run bench:pull -- [options]
  --tools a,b      of surety, rsync -a, rsync -aHAX, borg over ssh (default all)
  --files N        how many files there are, of which 1 % change (default 135000)
  --latency MS     one way, of the line to the host (default 20)
  --rounds N       how often the unchanged run is repeated; medians are reported (default 3)
  --dir DIR        where everything is written (default below the temporary folder)
  --out DIR        where the table is written (default bench/results)`;

const STEPS: readonly Step[] = ['init', 'first', 'unchanged', 'day-two'];
const FILES_AT_ONE = 100_000;

interface Row extends Measured {
  readonly tool: string;
  readonly step: Step;
  readonly upBytes: number;
  readonly downBytes: number;
}

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      tools: { type: 'string', default: 'surety,rsync -a,rsync -aHAX,borg over ssh' },
      files: { type: 'string', default: '135000' },
      latency: { type: 'string', default: '20' },
      rounds: { type: 'string', default: '3' },
      dir: { type: 'string', default: join(tmpdir(), 'surety-bench') },
      out: { type: 'string', default: join(import.meta.dirname, '..', 'results') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const prepared = prepareDataset(smallFiles, join(values.dir, 'data'), Number(values.files) / FILES_AT_ONE);
  const work = join(values.dir, 'pull');
  rmSync(work, { recursive: true, force: true });
  await using server = await startSshServer();
  await using line = await startFaultProxy(server.port, { latencyMs: Number(values.latency) });
  const tools = pullTools(server, line.port).filter(({ name }) => values.tools.split(',').includes(name));
  const places = new Map(tools.map(({ name }) => [name, placeOf(name, prepared.root, work)]));
  for (const tool of tools) tool.prepare?.(places.get(tool.name)!);
  const rows: Row[] = [];
  for (const step of STEPS) {
    if (step === 'day-two') prepared.nextDay();
    for (let round = 0; round < (step === 'unchanged' ? Number(values.rounds) : 1); round++) {
      for (const tool of turned(tools, round)) {
        const command = tool.command(step, places.get(tool.name)!);
        if (command === undefined) continue;
        // An archive of borg has to have a name of its own.
        if (tool.name.startsWith('borg') && round > 0) continue;
        settlePageCache([], false);
        const before = { ...line.counts };
        const measured = await measure(command);
        const upBytes = line.counts.upBytes - before.upBytes;
        const downBytes = line.counts.downBytes - before.downBytes;
        rows.push({ tool: tool.name, step, ...measured, upBytes, downBytes });
        console.log(JSON.stringify(rows.at(-1)));
      }
    }
  }
  const text = report(rows, Number(values.files), Number(values.latency));
  console.log(`\n${text}`);
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, 'pull.md'), text);
  writeFileSync(join(values.out, 'pull.json'), JSON.stringify(rows, undefined, 1));
  rmSync(work, { recursive: true, force: true });
}

/** Another one begins in each round. */
function turned<One>(all: readonly One[], by: number): One[] {
  const at = by % Math.max(1, all.length);
  return [...all.slice(at), ...all.slice(0, at)];
}

function placeOf(tool: string, data: string, work: string): Place {
  const own = join(work, tool.replaceAll(' ', ''));
  const place = { data, home: join(own, 'home'), repository: join(own, 'repository'), target: join(own, 'target') };
  for (const folder of [place.home, place.repository, place.target]) mkdirSync(folder, { recursive: true });
  return place;
}

function report(rows: readonly Row[], files: number, latencyMs: number): string {
  const facts = [
    `machine: ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, on which both hosts and the line run`,
    `line: SSH to loopback, ${latencyMs} ms each way; ${versionOf('ssh', '-V')}, ${versionOf('rsync', '--version')}`,
    `${files} small files; on the second day 1 % have changed`,
  ];
  const head = [
    'step',
    'tool',
    's',
    '÷ rsync -a',
    '÷ rsync -aHAX',
    'CPU, s',
    'peak, MiB',
    'sent, MiB',
    'received, MiB',
  ];
  const lines = [head, head.map(() => '---')];
  const own = (step: Step, tool: string) => rows.filter((row) => row.step === step && row.tool === tool);
  for (const step of STEPS.slice(1)) {
    for (const tool of new Set(rows.map((row) => row.tool))) {
      const of = own(step, tool);
      if (of.length === 0) continue;
      const ratio = (other: string) => {
        const others = own(step, other);
        return others.length === 0 ? '' : (wall(of) / wall(others)).toFixed(2);
      };
      lines.push([
        step,
        tool,
        (wall(of) / 1000).toFixed(2),
        ...[ratio('rsync -a'), ratio('rsync -aHAX')],
        (median(of.map((row) => row.cpuMs)) / 1000).toFixed(1),
        mebibytes(Math.max(...of.map((row) => row.peakBytes))),
        ...[mebibytes(median(of.map((row) => row.upBytes))), mebibytes(median(of.map((row) => row.downBytes)))],
      ]);
    }
  }
  return `${facts.map((fact) => `- ${fact}`).join('\n')}\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

function versionOf(program: string, flag: string): string {
  const text = execFileSync('sh', ['-c', `${program} ${flag} 2>&1 | head -n 1`], { encoding: 'utf8' });
  return text
    .trim()
    .split(',')[0]!
    .replace(/\s+/g, ' ')
    .replace(/ protocol.*$/, '');
}

function wall(rows: readonly Row[]): number {
  return median(rows.map((row) => row.wallMs));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[sorted.length >> 1]!;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0);
}
