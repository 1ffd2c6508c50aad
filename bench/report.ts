import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Measured } from './measure.ts';
import type { BenchOptions } from './options.ts';
import { memoryTargetBytes, TARGETS } from './targets.ts';
import { STEPS, type Step } from './tools/tool.ts';

/** One tool doing one step once. */
export interface Row extends Measured {
  readonly dataset: string;
  readonly round: number;
  readonly tool: string;
  readonly step: Step;
  /** Size of the repository after the step. */
  readonly storedBytes: number;
}

/** Prints the tables and writes them as Markdown, with every single measurement as JSON beside it. */
export function report(rows: readonly Row[], versions: readonly string[], options: BenchOptions): void {
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ${gibibytes(totalmem())} GiB`;
  const facts = [
    ...versions,
    `machine: ${machine}`,
    `scale ${options.scale}, ${options.rounds} round(s), medians, page cache ${options.cold ? 'emptied' : 'filled'} before every step`,
  ];
  const sections = options.datasets.map(({ letter, title }) => section(letter, title, rows, options));
  const text = `${facts.map((fact) => `- ${fact}`).join('\n')}\n\n${sections.join('\n')}`;
  console.log(`\n${text}`);
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, 'latest.md'), text);
  writeFileSync(join(options.out, 'latest.json'), JSON.stringify({ facts, rows }, undefined, 1));
  console.log(`written to ${join(options.out, 'latest.md')} and latest.json`);
}

function section(letter: string, title: string, rows: readonly Row[], options: BenchOptions): string {
  const own = rows.filter((row) => row.dataset === letter);
  const tools = options.tools.map((tool) => tool.name);
  const others = tools.filter((name) => name !== 'surety');
  const head = ['step', ...tools, ...others.map((name) => `surety / ${name}`), 'target', 'met'];
  const lines = [head, head.map(() => '---')];
  const add = (
    label: string,
    what: string,
    show: (value: number) => string,
    pick: (tool: string) => number | undefined,
  ) => lines.push([label, ...tools.map((tool) => shown(pick(tool), show)), ...verdict(letter, what, others, pick)]);
  for (const step of STEPS) {
    const of = (tool: string) => own.filter((row) => row.step === step && row.tool === tool);
    if (own.some((row) => row.step === step))
      add(`${step}, s`, step, seconds, (tool) => median(of(tool), (row) => row.wallMs));
  }
  for (const step of ['first', 'day-two'] as const) {
    const of = (tool: string) => own.filter((row) => row.step === step && row.tool === tool);
    if (own.some((row) => row.step === step))
      add(`stored after ${step}, MiB`, `size ${step}`, mebibytes, (tool) => median(of(tool), (row) => row.storedBytes));
  }
  const peak = (tool: string) => largest(own.filter((row) => row.tool === tool).map((row) => row.peakBytes));
  add('peak memory, MiB', 'memory', mebibytes, peak);
  for (const step of STEPS.slice(1)) {
    const of = (tool: string) => own.filter((row) => row.step === step && row.tool === tool);
    if (own.some((row) => row.step === step))
      add(`CPU of ${step}, s`, '', seconds, (tool) => median(of(tool), (row) => row.cpuMs));
  }
  return `### ${letter}: ${title}\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

/** The ratios to the other tools, the targets, and whether they are met. */
function verdict(
  dataset: string,
  what: string,
  others: readonly string[],
  pick: (tool: string) => number | undefined,
): string[] {
  const ours = pick('surety');
  const ratios = others.map((other) => {
    const theirs = pick(other);
    return ours === undefined || theirs === undefined ? '' : (ours / theirs).toFixed(2);
  });
  if (what === 'memory') {
    const limit = memoryTargetBytes(dataset);
    return [...ratios, `≤ ${mebibytes(limit)} MiB`, ours === undefined ? '' : yesOrNo(ours <= limit)];
  }
  const targets = TARGETS.filter((target) => target.dataset === dataset && target.what === what);
  const met = targets.map((target) => {
    const theirs = pick(target.against);
    return ours === undefined || theirs === undefined ? '' : yesOrNo(ours / theirs <= target.ratio);
  });
  return [...ratios, targets.map((target) => `≤ ${target.ratio} × ${target.against}`).join(', '), met.join(', ')];
}

function median(rows: readonly Row[], pick: (row: Row) => number): number | undefined {
  const values = rows.map(pick).sort((left, right) => left - right);
  const middle = values.length >> 1;
  return values.length % 2 === 1
    ? values[middle]
    : values.length === 0
      ? undefined
      : (values[middle - 1]! + values[middle]!) / 2;
}

function largest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}

function shown(value: number | undefined, show: (value: number) => string): string {
  return value === undefined ? '' : show(value);
}

function yesOrNo(met: boolean): string {
  return met ? 'yes' : '**no**';
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(bytes < 10 * 1024 * 1024 ? 1 : 0);
}

function gibibytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(0);
}
