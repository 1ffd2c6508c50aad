/** Scales statefulsets and deployments, and waits until that is so. */
import type { V1Pod, V1Scale } from '@kubernetes/client-node';
import { systemClock } from '../../base/clock.ts';
import { SuretyError } from '../../base/errors.ts';
import { retry } from '../../base/retry.ts';
import { shownWorkload, type Workload } from '../../base/workload.ts';
import type { ScaleHow, Workloads } from '../reach.ts';
import { podsOf } from './choose-pod.ts';
import type { AskHow, Cluster } from './cluster.ts';
import { describePod, isReady } from './pod-state.ts';

/** It is looked at again after so long, and then less and less often. */
const [FIRST_LOOK_MS, RARE_LOOK_MS] = [100, 1000];
/** As long as the signal allows. */
const PATIENT = { attempts: Number.POSITIVE_INFINITY, firstDelayMs: 500, longestDelayMs: 5000 };

export function kubernetesWorkloads(clusterOf: () => Promise<Cluster>): Workloads {
  return {
    async replicas(workload, how) {
      return (await scaleOf(await clusterOf(), workload, how)).spec?.replicas ?? 0;
    },
    async scale(workload, replicas, how) {
      const patient = { signal: how.signal, policy: PATIENT };
      const cluster = await retry(clusterOf, patient);
      await retry(() => setReplicas(cluster, workload, replicas, how), patient);
      await retry(() => reached(cluster, workload, replicas, how), patient);
    },
  };
}

async function scaleOf(cluster: Cluster, workload: Workload, how: AskHow): Promise<V1Scale> {
  const of = { namespace: cluster.namespace, name: workload.name };
  return await cluster.ask(`looking for ${shownWorkload(workload)}`, how, ({ apps }) =>
    workload.kind === 'statefulset' ? apps.readNamespacedStatefulSetScale(of) : apps.readNamespacedDeploymentScale(of),
  );
}

/** Between looking and changing somebody else may have scaled it: the cluster refuses then, and it is looked at again. */
async function setReplicas(cluster: Cluster, workload: Workload, replicas: number, how: AskHow): Promise<void> {
  const found = await scaleOf(cluster, workload, how);
  if (found.spec?.replicas === replicas) return;
  const body = { ...found, spec: { ...found.spec, replicas } };
  const of = { namespace: cluster.namespace, name: workload.name, body };
  await cluster.ask(`scaling ${shownWorkload(workload)} to ${replicas}`, how, ({ apps }) =>
    workload.kind === 'statefulset'
      ? apps.replaceNamespacedStatefulSetScale(of)
      : apps.replaceNamespacedDeploymentScale(of),
  );
}

async function reached(cluster: Cluster, workload: Workload, replicas: number, how: ScaleHow): Promise<void> {
  let told = '';
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(1.5 * pauseMs, RARE_LOOK_MS)) {
    const pods = (await podsOf(cluster, workload, how)).filter(isAlive);
    if (pods.length === replicas && pods.every(isReady)) return;
    const { spec } = await scaleOf(cluster, workload, how);
    if (spec?.replicas !== replicas) throw scaledByAnother(workload, replicas, spec?.replicas);
    const state = `${shownWorkload(workload)} is to have ${replicas} pods, and has ${pods.map(describePod).join(', ') || 'none'}`;
    if (state !== told) how.tell?.(state);
    told = state;
    await systemClock.sleep(pauseMs, how.signal);
  }
}

function isAlive({ status }: V1Pod): boolean {
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

function scaledByAnother(workload: Workload, wanted: number, found: number | undefined): SuretyError {
  const message = `${shownWorkload(workload)} was scaled to ${wanted}, but is to have ${found ?? 'no'} pods now`;
  return new SuretyError('reach.failed', message, {
    hint: 'something else scales it as well: an autoscaler, an operator, or a tool that brings a cluster in line with files',
  });
}
