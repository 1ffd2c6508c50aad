import { availableParallelism, cpus } from 'node:os';
import type { Measured } from '../measure.ts';
import type { Step } from '../tools/tool.ts';
import type { RemoteOptions } from './remote-options.ts';

/** One tool doing one step once. */
export interface RemoteRow extends Measured {
  readonly round: number;
  readonly tool: string;
  readonly step: Step;
  readonly requests: number;
  readonly connections: number;
  readonly upBytes: number;
  readonly downBytes: number;
  /** In the bucket after the step. */
  readonly storedBytes: number;
}

/** What Surety sets out to reach: its time divided by restic's. */
const TARGET = 0.7;
const TARGETED: readonly Step[] = ['first', 'unchanged', 'restore'];

/** The table as Markdown. */
export function reportRemote(rows: readonly RemoteRow[], options: RemoteOptions): string {
  const rate = Number.isFinite(options.bytesPerSecond)
    ? `${options.bytesPerSecond / 1e6} MB/s per connection`
    : 'no limit of rate';
  const facts = [
    `machine: ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, on which the store and the line run too`,
    `line: ${options.latencyMs} ms each way, ${rate}; store: Ceph radosgw, in memory`,
    `data set b at scale ${options.scale}; ${options.rounds} round(s), medians`,
  ];
  const head = [
    'step',
    'tool',
    's',
    '÷ restic',
    'target',
    'CPU, s',
    'peak, MiB',
    'requests',
    'connections',
    'sent, MiB',
    'received, MiB',
    'stored, MiB',
  ];
  const lines = [head, head.map(() => '---')];
  for (const step of new Set(rows.map((row) => row.step))) {
    for (const tool of new Set(rows.map((row) => row.tool))) {
      const own = rows.filter((row) => row.step === step && row.tool === tool);
      const restic = rows.filter((row) => row.step === step && row.tool === 'restic');
      if (own.length === 0) continue;
      const of = (pick: (row: RemoteRow) => number) => median(own.map(pick));
      const ratio = restic.length === 0 ? undefined : of((row) => row.wallMs) / median(restic.map((row) => row.wallMs));
      const isTargeted = tool === 'surety' && TARGETED.includes(step) && ratio !== undefined;
      lines.push([
        step,
        tool,
        (of((row) => row.wallMs) / 1000).toFixed(2),
        ratio?.toFixed(2) ?? '',
        isTargeted ? `≤ ${TARGET}: ${ratio <= TARGET ? 'yes' : '**no**'}` : '',
        (of((row) => row.cpuMs) / 1000).toFixed(1),
        mebibytes(Math.max(...own.map((row) => row.peakBytes))),
        String(of((row) => row.requests)),
        String(of((row) => row.connections)),
        mebibytes(of((row) => row.upBytes)),
        mebibytes(of((row) => row.downBytes)),
        mebibytes(of((row) => row.storedBytes)),
      ]);
    }
  }
  return `${facts.map((fact) => `- ${fact}`).join('\n')}\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0);
}
