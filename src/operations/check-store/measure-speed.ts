import { formatBytes } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import { randomBytes } from '../../base/ids.ts';
import type { How, Store } from '../../stores/store.ts';
import { type Found, ok, warning } from './finding.ts';
import { timed } from './scratch.ts';

const BIG_BYTES = 8 << 20;
const SLOW_MS = 1000;

/** How long small requests take, and how fast bytes go either way. */
export async function measureSpeed(store: Store, how: How & { readonly clock: Clock }, rounds: number): Promise<Found> {
  const small = randomBytes(1024);
  const [puts, gets]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    puts.push(await timed(() => store.put(`speed/${round}`, small, how), how.clock));
    gets.push(await timed(() => store.read(`speed/${round}`, undefined, how), how.clock));
  }
  // Bytes that no line compresses.
  const big = randomBytes(BIG_BYTES);
  const upMs = await timed(() => store.put('speed/big', big, how), how.clock);
  const downMs = await timed(() => store.read('speed/big', undefined, how), how.clock);
  const rate = (elapsedMs: number) => `${formatBytes(Math.round((BIG_BYTES / Math.max(1, elapsedMs)) * 1000))}/s`;
  const [put, get] = [median(puts), median(gets)];
  const text = `small bodies: put ${shown(put)}, get ${shown(get)}; 8 MiB: put ${rate(upMs)}, get ${rate(downMs)} (one at a time)`;
  return Math.max(put, get) < SLOW_MS
    ? ok(text)
    : warning(text, 'small requests take long: expect slow listings and clean-ups');
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

function shown(elapsedMs: number): string {
  return `${elapsedMs < 10 ? elapsedMs.toFixed(1) : Math.round(elapsedMs)} ms`;
}
