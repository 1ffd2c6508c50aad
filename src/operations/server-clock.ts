import { spanName } from '../base/durations.ts';
import { SuretyError } from '../base/errors.ts';
import type { Engine } from '../engines/engine.ts';

const TOLERANCE_MS = 10 * 60_000;

/**
 * Throws `store.clock` when this machine's clock is not that of the service which keeps the repository: what is old enough to go is reckoned from now.
 * Where there is no service to ask, nothing is compared.
 */
export async function requireServerClock(
  { service, traits: { location } }: Engine,
  now: Date,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const there = await service?.now?.({ signal });
  if (there === undefined) return;
  const differenceMs = now.getTime() - there.getTime();
  if (Math.abs(differenceMs) <= TOLERANCE_MS) return;
  const way = differenceMs > 0 ? 'ahead of' : 'behind';
  const seconds = Math.round(Math.abs(differenceMs) / 1000);
  throw new SuretyError(
    'store.clock',
    `nothing is removed: this machine's clock is ${spanName(seconds * 1000)} ${way} that of ${location}`,
    {
      hint: 'set the clock of this machine, by NTP for instance; if it is the service that is wrong, give --allow-clock',
      details: { differenceSeconds: Math.sign(differenceMs) * seconds },
    },
  );
}
