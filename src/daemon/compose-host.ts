/** Opens the ways to hosts: each once, whoever needs it. */
import type { Clock } from '../base/clock.ts';
import { type Config, findNamed } from '../config/config.ts';
import type { HostConfig } from '../config/hosts.ts';
import { LOCAL_HOST } from '../config/references.ts';
import { changedIdentity } from '../operations/check-host/changed-identity.ts';
import type { HostIdentities, HostToCheck } from '../operations/check-host/host-to-check.ts';
import type { Reach } from '../reach/reach.ts';
import { isScaledUp } from './scaled-up.ts';

export interface Hosts {
  /** The way to a host of the configuration, or to this machine. Opening connects to nothing yet. */
  reach(host: string): Promise<Reach>;
}

export interface HostsHow {
  /** Closes the ways when all is done. */
  readonly opened: AsyncDisposableStack;
  /** Who answered the last time. Missing: nobody is remembered. */
  readonly identities?: HostIdentities;
  readonly clock: Clock;
  /** Gets a sentence when somebody else answers than the last time. */
  readonly warn: (message: string) => void;
}

/** The hosts of a configuration. */
export function hostsOf({ hosts }: Pick<Config, 'hosts'>, how: HostsHow): Hosts {
  const known = new Map<string, Promise<Reach>>();
  return {
    reach(host) {
      const before = known.get(host);
      if (before !== undefined) return before;
      const opening = open(host, hosts).then((reach) => remembering(how.opened.use(reach), how));
      known.set(host, opening);
      opening.catch(() => known.delete(host));
      return opening;
    },
  };
}

/** Whether a host is this machine. */
export function isHere(host: string): boolean {
  return host === LOCAL_HOST;
}

const REMEMBER_AGAIN_MS = 86_400_000;

/** Remembers who answered once a program has run there. */
function remembering(reach: Reach, { identities, clock, warn }: HostsHow): Reach {
  if (identities === undefined || reach.identity === undefined) return reach;
  const { kind, host } = reach.traits;
  let isNoted = false;
  const note = async (signal: AbortSignal): Promise<void> => {
    if (isNoted) return;
    isNoted = true;
    const now = await reach.identity?.({ signal });
    if (now === undefined) return;
    const before = identities.last(host);
    const changed = changedIdentity(kind, now, before);
    if (changed !== undefined) warn(`host ${host}: ${changed.message}; ${changed.hint}`);
    const isSame = before !== undefined && before.key === now.key && before.address === now.address;
    const isFresh = before !== undefined && clock.now().getTime() - before.at.getTime() < REMEMBER_AGAIN_MS;
    if (!isSame || !isFresh) identities.remember(host, now, clock.now());
  };
  return {
    ...reach,
    exec(argv, how) {
      const process = reach.exec(argv, how);
      process.exit.then(({ code }) => (code === 0 ? note(how.signal) : undefined)).catch(() => undefined);
      return process;
    },
  };
}

async function open(host: string, hosts: readonly HostConfig[]): Promise<Reach> {
  if (isHere(host)) {
    const { openLocal } = await import('../reach/local.ts');
    return openLocal();
  }
  const found: HostConfig = findNamed(hosts, host, 'host');
  switch (found.kind) {
    case 'ssh': {
      const { openSsh } = await import('../reach/ssh/open.ts');
      return openSsh(found);
    }
    case 'kubernetes': {
      const { openKubernetes } = await import('../reach/kubernetes/open.ts');
      return openKubernetes(found.name, found.options);
    }
  }
}

/** Hosts of the configuration by their names, by default all; this machine is one when it is named, or when there is no other. */
export function hostsToCheck(
  { hosts, sources, jobs }: Pick<Config, 'hosts' | 'sources' | 'jobs'>,
  { ways, identities }: { readonly ways: Hosts; readonly identities: HostIdentities },
  names?: readonly string[],
): HostToCheck[] {
  const known = [{ name: LOCAL_HOST, kind: 'local', location: 'this machine' }, ...hosts];
  const chosen = names?.map((name) => findNamed(known, name, 'host')) ?? (hosts.length === 0 ? known : hosts);
  return chosen.map(({ name, kind, location }) => {
    const own = sources.filter(({ host }) => host === name).map((source) => source.name);
    return {
      ...{ name, kind, location, identities },
      sources: own,
      scaledUpFor: own.filter((source) => isScaledUp({ sources, jobs }, source)),
      open: () => ways.reach(name),
    };
  });
}
