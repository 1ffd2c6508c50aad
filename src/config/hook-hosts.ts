/** The hosts in whose clusters hooks scale something. Works on what was written. */
import type { Finding } from './explain.ts';
import type { Path } from './locate.ts';
import { LOCAL_HOST, namesIn } from './references.ts';
import { valueAt } from './schema.ts';

interface ScalePlace {
  /** Of the hook. */
  readonly path: Path;
  readonly host: string;
  /** Whether the hook itself names it. */
  readonly isNamed: boolean;
}

/** Hooks that scale something where there is no cluster. Names that nothing has are found elsewhere. */
export function checkHookHosts(raw: unknown): Finding[] {
  return scalePlaces(raw).flatMap(({ path, host, isNamed }): Finding[] => {
    const isKnown = host === LOCAL_HOST || namesIn(raw, 'hosts').includes(host);
    if (!isKnown) return isNamed ? [{ path: [...path, 'host'], message: `there is no host named ${host}` }] : [];
    if (valueAt(raw, ['hosts', host, 'kubernetes']) !== undefined) return [];
    const where = host === LOCAL_HOST ? 'this machine' : `host ${host}`;
    const suggestion = 'name a Kubernetes host in whose cluster it is: host: NAME';
    return [{ path: [...path, isNamed ? 'host' : 'scale'], message: `nothing can be scaled on ${where}`, suggestion }];
  });
}

/** Names of the hosts whose clusters are used so. */
export function hookHosts(raw: unknown): string[] {
  return scalePlaces(raw).map(({ host }) => host);
}

function scalePlaces(raw: unknown): ScalePlace[] {
  const owners: Path[] = ['sources', 'jobs'].flatMap((section) => namesIn(raw, section).map((name) => [section, name]));
  return owners.flatMap((owner) => {
    const own = valueAt(raw, [...owner, 'host']);
    return hooksOf(raw, owner).flatMap((path): ScalePlace[] => {
      if (valueAt(raw, [...path, 'scale']) === undefined) return [];
      const named = valueAt(raw, [...path, 'host']);
      if (typeof named === 'string') return [{ path, host: named, isNamed: true }];
      return [{ path, host: typeof own === 'string' ? own : LOCAL_HOST, isNamed: false }];
    });
  });
}

function hooksOf(raw: unknown, owner: Path): Path[] {
  return ['before', 'after'].flatMap((phase) => {
    const list = valueAt(raw, [...owner, 'hooks', phase]);
    return Array.isArray(list) ? list.map((_, index): Path => [...owner, 'hooks', phase, index]) : [];
  });
}
