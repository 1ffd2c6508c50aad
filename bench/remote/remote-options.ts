import type { Step } from '../tools/tool.ts';

/** How `bench:remote` is run. */
export interface RemoteOptions {
  readonly tools: readonly string[];
  readonly steps: readonly Step[];
  readonly latencyMs: number;
  readonly bytesPerSecond: number;
  readonly scale: number;
  readonly rounds: number;
  readonly dir: string;
  readonly out: string;
}
