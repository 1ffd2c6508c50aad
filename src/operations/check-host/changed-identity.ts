import type { HostIdentity } from '../../reach/reach.ts';
import type { RememberedHost } from './host-to-check.ts';

/**
 * What is another one than at the last success, as a sentence; undefined when nothing is, or nothing is remembered. A pod that was started anew
 * is another pod: of those nothing is said, as long as they are in the same place.
 */
export function changedIdentity(
  kind: string,
  now: HostIdentity,
  before: RememberedHost | undefined,
): { readonly message: string; readonly hint: string } | undefined {
  if (before === undefined || (kind !== 'ssh' && kind !== 'kubernetes')) return undefined;
  const since = `since the last success (${before.at.toISOString().slice(0, 10)})`;
  if (kind === 'kubernetes') return changedCluster(now, before, since);
  if (now.key !== undefined && before.key !== undefined && now.key !== before.key) {
    return {
      message: `its host key is another one ${since}: ${now.key}, it was ${before.key}`,
      hint: 'the known hosts of ssh have this key, so somebody accepted it; if nobody did, the host is not to be trusted',
    };
  }
  if (now.address === undefined || before.address === undefined || now.address === before.address) return undefined;
  return {
    message: `its address is another one ${since}: ${now.address}, it was ${before.address}`,
    hint: 'its host key is the known one; if it did not move, look at the name service',
  };
}

/** The address of a pod is that of its cluster, its namespace and its name. */
function changedCluster(now: HostIdentity, before: RememberedHost, since: string) {
  const [place, formerPlace] = [now.address, before.address].map((address) => address?.replace(/\/[^/]*$/, ''));
  if (place === undefined || formerPlace === undefined || place === formerPlace) return undefined;
  return {
    message: `its cluster or namespace is another one ${since}: ${place}, it was ${formerPlace}`,
    hint: 'name them with context and namespace of the host: without, whatever kubectl config use-context says counts',
  };
}
