import type { Clock } from '../../base/clock.ts';
import { messageOf, SuretyError } from '../../base/errors.ts';
import { changedIdentity } from './changed-identity.ts';
import type { HostToCheck } from './host-to-check.ts';
import { isNoPod } from './no-pod.ts';

/** What is to be said of a host. */
export interface HostDoubt {
  readonly host: string;
  readonly message: string;
  readonly hint: string | undefined;
}

export interface LookHow {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** For each host. */
  readonly timeoutMs: number;
}

/**
 * Hosts that can not be reached, and those at which another one answers than at the last success. All are looked at together. A change is said
 * until a run or `host check` has succeeded; only what was never seen before is remembered.
 */
export async function lookAtHosts(hosts: readonly HostToCheck[], how: LookHow): Promise<HostDoubt[]> {
  const doubts = await Promise.all(hosts.map((host) => lookAt(host, how)));
  how.signal.throwIfAborted();
  return doubts.filter((doubt) => doubt !== undefined);
}

async function lookAt(host: HostToCheck, { signal, clock, timeoutMs }: LookHow): Promise<HostDoubt | undefined> {
  const { name, kind, identities } = host;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const reach = await host.open();
    const now = await reach.identity?.({ signal: AbortSignal.any([signal, timeout]) });
    if (now === undefined) return undefined;
    const before = identities.last(name);
    if (before === undefined) identities.remember(name, now, clock.now());
    const changed = changedIdentity(kind, now, before);
    return changed && { host: name, ...changed };
  } catch (error) {
    if (host.scaledUpFor.length > 0 && isNoPod(error)) return undefined;
    if (error instanceof SuretyError) return { host: name, message: error.message, hint: error.hint };
    const message = timeout.aborted ? `it does not answer within ${timeoutMs / 1000} s` : messageOf(error);
    return { host: name, message, hint: `surety host check ${name} waits longer` };
  }
}
