/** Hooks that scale a statefulset or deployment. */
import { SuretyError } from '../../base/errors.ts';
import { shownWorkload } from '../../base/workload.ts';
import type { Reach } from '../../reach/reach.ts';
import type { ScaleHook } from '../../rules/hook.ts';

export interface RunScaleHow {
  readonly signal: AbortSignal;
  /** Told how many pods it had, before that is changed; undefined: that does not matter. */
  readonly scaling: ((former: number) => void) | undefined;
  /** Whether it is left as it is where something else has scaled it since the run that this belongs to. */
  readonly onlyIfUnchanged: boolean;
  /** Told how far it is. */
  readonly tell: (state: string) => void;
}

/** Resolves when it has as many pods as it is to have. */
export async function runScaleHook(reach: Reach, { scale, to, from }: ScaleHook, how: RunScaleHow): Promise<void> {
  const { signal, tell } = how;
  const { workloads, traits } = reach;
  if (workloads === undefined) {
    const message = `host ${traits.host} is in no cluster, so ${shownWorkload(scale)} can not be scaled there`;
    throw new SuretyError('hook.failed', message, { hint: 'name a Kubernetes host with host:' });
  }
  if (to === 'former') return;
  if (how.scaling !== undefined) {
    const former = await workloads.replicas(scale, { signal });
    if (former !== to) how.scaling(former);
  }
  if (how.onlyIfUnchanged && from !== undefined && (await workloads.replicas(scale, { signal })) !== from) return;
  await workloads.scale(scale, to, { signal, tell });
}

/** What to do when it did not work. */
export function scaleByHand({ scale, to }: ScaleHook): string {
  return `look at it and scale it by hand: kubectl scale ${shownWorkload(scale)} --replicas=${to}`;
}
