/** What became of a container in which something was running. */
import { hasCode } from '../../base/errors.ts';
import type { ChosenPod } from './choose-pod.ts';
import type { AskHow, Cluster } from './cluster.ts';
import { containerStatus, fateOf } from './pod-state.ts';

/** The same container; undefined when it is not there any more, or does not run. Throws where that can not be known. */
export async function seenAgain(cluster: Cluster, pod: ChosenPod, how: AskHow): Promise<ChosenPod | undefined> {
  try {
    const { namespace } = cluster;
    const found = await cluster.ask(`looking for pod ${pod.name}`, how, ({ core }) =>
      core.readNamespacedPod({ namespace, name: pod.name }),
    );
    const status = containerStatus(found, pod.container);
    const isSame = found.metadata?.uid === pod.uid && status?.containerID === pod.containerId;
    return isSame && status?.state?.running !== undefined && found.metadata?.deletionTimestamp === undefined
      ? pod
      : undefined;
  } catch (error) {
    if (hasCode(error, 'reach.no-pod')) return undefined;
    throw error;
  }
}

/** Why what ran in it has ended, as far as the cluster knows; undefined: it does not. */
export async function containerFate(
  cluster: Cluster,
  { name, uid, container, containerId }: ChosenPod,
  how: AskHow,
): Promise<string | undefined> {
  const { namespace } = cluster;
  try {
    const pod = await cluster.ask(`looking for pod ${name}`, how, ({ core }) =>
      core.readNamespacedPod({ namespace, name }),
    );
    if (pod.metadata?.uid !== uid) return `pod ${name} is gone, and another one has its name`;
    return fateOf(pod, container, containerId);
  } catch (error) {
    return hasCode(error, 'reach.no-pod') ? `pod ${name} is gone` : undefined;
  }
}
