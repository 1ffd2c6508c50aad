/** What is to be told of a pod. */
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';

/** `db-0 (Pending, container main: ImagePullBackOff)` */
export function describePod(pod: V1Pod): string {
  const phase = pod.metadata?.deletionTimestamp === undefined ? pod.status?.phase : 'ending';
  const waiting = (pod.status?.containerStatuses ?? []).flatMap(describeContainer);
  return `${nameOf(pod)} (${[phase ?? 'unknown', ...waiting].join(', ')})`;
}

export function nameOf(pod: V1Pod): string {
  return pod.metadata?.name ?? '';
}

function describeContainer({ name, state, ready }: V1ContainerStatus): string[] {
  const why = state?.waiting?.reason ?? state?.terminated?.reason;
  if (why !== undefined) return [`container ${name}: ${why}`];
  return ready ? [] : [`container ${name} is not ready`];
}

export function isReady(pod: V1Pod): boolean {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  return (
    pod.metadata?.deletionTimestamp === undefined && pod.status?.phase === 'Running' && condition?.status === 'True'
  );
}

export function containerStatus(pod: V1Pod, container: string): V1ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    ({ name }) => name === container,
  );
}

/** What became of a container in which a command was running; undefined: nothing that is known. */
export function fateOf(pod: V1Pod, container: string, before: string | undefined): string | undefined {
  const name = nameOf(pod);
  if (pod.metadata?.deletionTimestamp !== undefined) return `pod ${name} is being ended`;
  const status = containerStatus(pod, container);
  if (status === undefined || status.containerID === before) return undefined;
  const { reason, exitCode } = status.lastState?.terminated ?? status.state?.terminated ?? {};
  const why = [reason, exitCode === undefined ? undefined : `exit code ${exitCode}`].filter(
    (part) => part !== undefined,
  );
  return `container ${container} of pod ${name} was started anew${why.length === 0 ? '' : ` (${why.join(', ')})`}`;
}
