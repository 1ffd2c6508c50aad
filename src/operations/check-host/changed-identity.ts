import type { HostIdentity } from '../../reach/reach.ts';
import type { RememberedHost } from './host-to-check.ts';

/**
 * What is another one than at the last success, as a sentence; undefined when nothing is, or nothing is remembered. A pod that was started anew
 * is another pod: of those nothing is said.
 */
export function changedIdentity(
  kind: string,
  now: HostIdentity,
  before: RememberedHost | undefined,
): { readonly message: string; readonly hint: string } | undefined {
  if (before === undefined || kind !== 'ssh') return undefined;
  const since = `since the last success (${before.at.toISOString().slice(0, 10)})`;
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
