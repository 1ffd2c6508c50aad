/** The hosts that stores are on. Works on what was written. */
import type { Finding } from './explain.ts';
import { namesIn } from './references.ts';
import { valueAt } from './schema.ts';

/** Stores on hosts that there are not, or that have no files to offer. */
export function checkHostStores(raw: unknown): Finding[] {
  return storeHostPlaces(raw).flatMap(({ repository, host }): Finding[] => {
    const path = ['repositories', repository, 'store', 'host'];
    if (!namesIn(raw, 'hosts').includes(host)) {
      const suggestion = 'name one of `hosts`; for a folder of this machine write file:/folder';
      return [{ path, message: `there is no host named ${host}`, suggestion }];
    }
    if (valueAt(raw, ['hosts', host, 'ssh']) !== undefined) return [];
    return [{ path, message: `${host} is not reached over SSH, so nothing can be stored there` }];
  });
}

/** Names of the hosts that stores are on. */
export function storeHosts(raw: unknown): string[] {
  return storeHostPlaces(raw).map(({ host }) => host);
}

function storeHostPlaces(raw: unknown): { repository: string; host: string }[] {
  return namesIn(raw, 'repositories').flatMap((repository) => {
    const host = valueAt(raw, ['repositories', repository, 'store', 'host']);
    return typeof host === 'string' ? [{ repository, host }] : [];
  });
}
