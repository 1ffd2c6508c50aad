import type { Step } from './tools/tool.ts';

/** What Surety sets out to reach: its value divided by the other tool's is at most this. */
export interface Target {
  readonly dataset: string;
  readonly what: Step | 'size first' | 'size day-two';
  readonly against: 'restic' | 'borg';
  readonly ratio: number;
}

const all = ['a', 'b', 'c', 'd', 'e'];

export const TARGETS: readonly Target[] = [
  { dataset: 'b', what: 'first', against: 'restic', ratio: 0.5 },
  { dataset: 'b', what: 'first', against: 'borg', ratio: 0.65 },
  { dataset: 'a', what: 'unchanged', against: 'restic', ratio: 0.5 },
  { dataset: 'b', what: 'unchanged', against: 'restic', ratio: 0.5 },
  { dataset: 'b', what: 'restore', against: 'restic', ratio: 1 },
  { dataset: 'c', what: 'restore', against: 'restic', ratio: 0.8 },
  ...all.map((dataset) => ({ dataset, what: 'verify', against: 'restic', ratio: 1 }) as const),
  ...all.map((dataset) => ({ dataset, what: 'size first', against: 'restic', ratio: 1.02 }) as const),
  ...all.map((dataset) => ({ dataset, what: 'size day-two', against: 'restic', ratio: 1.02 }) as const),
];

/** The most memory that any step may take. */
export function memoryTargetBytes(dataset: string): number {
  return (dataset === 'e' ? 1024 : 300) * 1024 * 1024;
}
