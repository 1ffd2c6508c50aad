/** Opens the ways to hosts: each once, whoever needs it. */
import { type Config, findNamed } from '../config/config.ts';
import type { HostConfig } from '../config/hosts.ts';
import { LOCAL_HOST } from '../config/references.ts';
import type { Reach } from '../reach/reach.ts';

export interface Hosts {
  /** The way to a host of the configuration, or to this machine. Opening connects to nothing yet. */
  reach(host: string): Promise<Reach>;
}

export interface HostsHow {
  /** Closes the ways when all is done. */
  readonly opened: AsyncDisposableStack;
}

/** The hosts of a configuration. */
export function hostsOf({ hosts }: Pick<Config, 'hosts'>, { opened }: HostsHow): Hosts {
  const known = new Map<string, Promise<Reach>>();
  return {
    reach(host) {
      const before = known.get(host);
      if (before !== undefined) return before;
      const opening = open(host, hosts).then((reach) => opened.use(reach));
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
