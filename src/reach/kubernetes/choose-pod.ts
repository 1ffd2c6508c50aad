/** Finds the one pod and container that a host of the configuration means. */
import type { V1LabelSelector, V1Pod } from '@kubernetes/client-node';
import { SuretyError } from '../../base/errors.ts';
import type { Workload } from '../../base/workload.ts';
import type { AskHow, Cluster } from './cluster.ts';
import type { KubernetesOptions, PodChoice } from './options.ts';
import { containerStatus, describePod, isReady, nameOf } from './pod-state.ts';

/** A container that runs. */
export interface ChosenPod {
  readonly name: string;
  readonly uid: string;
  readonly node: string | undefined;
  readonly container: string;
  /** Another one when the container was started anew. */
  readonly containerId: string | undefined;
}

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

/**
 * The pod. By name it need not be ready, as long as the container runs; of an owner one that is ready is taken (of a statefulset the first, of a
 * deployment the newest); labels must lead to exactly one that is ready. Throws `reach.no-pod` with what there is instead.
 */
export async function choosePod(cluster: Cluster, options: KubernetesOptions, how: AskHow): Promise<ChosenPod> {
  const pod = await find(cluster, options.pod, how);
  return chosen(pod, options.container, cluster);
}

async function find(cluster: Cluster, choice: PodChoice, how: AskHow): Promise<V1Pod> {
  const { namespace } = cluster;
  switch (choice.by) {
    case 'name':
      return await cluster.ask(`looking for pod ${choice.name}`, how, ({ core }) =>
        core.readNamespacedPod({ namespace, name: choice.name }),
      );
    case 'labels':
      return onlyReady(await podsWith(cluster, choice.selector, how), choice.selector, cluster);
    case 'owner': {
      const pods = await podsOf(cluster, choice, how);
      return firstReady(pods, choice, cluster);
    }
  }
}

async function podsWith(cluster: Cluster, selector: string, how: AskHow): Promise<V1Pod[]> {
  const { items } = await cluster.ask(`looking for pods with ${selector}`, how, ({ core }) =>
    core.listNamespacedPod({ namespace: cluster.namespace, labelSelector: selector }),
  );
  return items;
}

/** All pods of an owner, whatever their state. */
export async function podsOf(cluster: Cluster, { kind, name }: Workload, how: AskHow): Promise<V1Pod[]> {
  const { namespace } = cluster;
  const owner = await cluster.ask(`looking for ${kind} ${name}`, how, ({ apps }) =>
    kind === 'statefulset'
      ? apps.readNamespacedStatefulSet({ namespace, name })
      : apps.readNamespacedDeployment({ namespace, name }),
  );
  const pods = await podsWith(cluster, selectorText(owner.spec?.selector ?? {}), how);
  return pods.filter((pod) => isOwned(pod, kind, name));
}

/** Labels may be those of others too. A deployment's pods belong to a replicaset of its own that is named after it. */
function isOwned({ metadata }: V1Pod, kind: Workload['kind'], name: string): boolean {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (kind === 'statefulset') return owner?.kind === 'StatefulSet' && owner.name === name;
  return owner?.kind === 'ReplicaSet' && owner.name.startsWith(`${name}-`);
}

function selectorText({ matchLabels = {}, matchExpressions = [] }: V1LabelSelector): string {
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    return operator === 'DoesNotExist' ? `!${key}` : `${key} ${operator.toLowerCase()} (${values.join(',')})`;
  });
  return [...labels, ...expressions].join(',');
}

function onlyReady(pods: readonly V1Pod[], selector: string, cluster: Cluster): V1Pod {
  const ready = pods.filter(isReady);
  if (ready[0] === undefined) throw noneReady(`with labels ${selector}`, pods, cluster);
  if (ready.length === 1) return ready[0];
  const names = ready.map(nameOf).sort().join(', ');
  throw new SuretyError('reach.no-pod', `${ready.length} pods have labels ${selector}: ${names}`, {
    hint: 'name one of them, say more labels, or name their owner: statefulset/NAME or deployment/NAME takes one that is ready',
  });
}

function firstReady(pods: readonly V1Pod[], { kind, name }: Workload, cluster: Cluster): V1Pod {
  const ready = pods.filter(isReady);
  const first = ready.sort(kind === 'statefulset' ? byOrdinal : byNewest)[0];
  if (first === undefined) throw noneReady(`of ${kind} ${name}`, pods, cluster);
  return first;
}

function byOrdinal(left: V1Pod, right: V1Pod): number {
  return ordinal(left) - ordinal(right);
}

function ordinal(pod: V1Pod): number {
  return Number(/\d+$/.exec(nameOf(pod))?.[0] ?? 0);
}

/** In a roll-out the old ones are about to go. */
function byNewest(left: V1Pod, right: V1Pod): number {
  return (right.metadata?.creationTimestamp?.getTime() ?? 0) - (left.metadata?.creationTimestamp?.getTime() ?? 0);
}

function noneReady(which: string, pods: readonly V1Pod[], { namespace, where }: Cluster): SuretyError {
  const at = `in namespace ${namespace} of ${where}`;
  if (pods.length === 0) {
    const hint = 'look at `kubectl get pods`: is it another namespace, or is it scaled to 0';
    return new SuretyError('reach.no-pod', `there is no pod ${which} ${at}`, { hint, details: { pods: 0 } });
  }
  const message = `no pod ${which} is ready ${at}: ${pods.map(describePod).join(', ')}`;
  return new SuretyError('reach.no-pod', message, { hint: '`kubectl describe pod` tells why' });
}

function chosen(pod: V1Pod, wanted: string | undefined, { where }: Cluster): ChosenPod {
  const name = nameOf(pod);
  if (name === '') {
    throw new SuretyError('reach.failed', `what ${where} answered is no pod`, {
      hint: 'does the address in the kubeconfig lead to the cluster itself, or to something in between',
    });
  }
  if (pod.metadata?.deletionTimestamp !== undefined) {
    const hint = 'wait until it is gone or another one has its name: what is written to it now may be lost with it';
    throw new SuretyError('reach.no-pod', `pod ${describePod(pod)} is about to go`, { hint, retry: 'later' });
  }
  const names = (pod.spec?.containers ?? []).map((container) => container.name);
  const container = wanted ?? pod.metadata?.annotations?.[DEFAULT_CONTAINER] ?? names[0] ?? '';
  const status = containerStatus(pod, container);
  if (status === undefined && !names.includes(container)) {
    throw new SuretyError('reach.no-pod', `pod ${name} has no container ${container}; it has ${names.join(', ')}`, {
      hint: 'name one of these under `container` of the host',
    });
  }
  if (status?.state?.running === undefined || pod.status?.phase !== 'Running') {
    const message = `container ${container} does not run: ${describePod(pod)}`;
    throw new SuretyError('reach.no-pod', message, { hint: '`kubectl describe pod` tells why' });
  }
  return { name, uid: pod.metadata?.uid ?? '', node: pod.spec?.nodeName, container, containerId: status.containerID };
}
