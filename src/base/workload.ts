/** What keeps a number of pods alive in a cluster of Kubernetes. */
import * as z from 'zod';

export interface Workload {
  readonly kind: 'statefulset' | 'deployment';
  readonly name: string;
}

/** `statefulset/NAME`, `deployment/NAME`, or `sts/NAME` and `deploy/NAME` for short. */
export const workloadValue = z
  .string()
  .transform((text, context): Workload => {
    const [, kind, name] = /^(statefulset|sts|deployment|deploy)\/([a-z0-9][a-z0-9.-]*)$/.exec(text) ?? [];
    if (kind !== undefined && name !== undefined)
      return { kind: kind.startsWith('s') ? 'statefulset' : 'deployment', name };
    context.addIssue({ code: 'custom', message: 'must be statefulset/NAME or deployment/NAME' });
    return z.NEVER;
  })
  .meta({ description: 'statefulset/NAME or deployment/NAME', examples: ['statefulset/app'] });

/** `statefulset/app` */
export function shownWorkload({ kind, name }: Workload): string {
  return `${kind}/${name}`;
}
