import { resolve } from 'node:path';
import * as z from 'zod';
import { homeFolder } from '../../base/environment.ts';
import { waitValue } from '../../base/option-values.ts';

/** A container of a pod, reached through the programming interface of its cluster. */
export interface KubernetesOptions {
  /** Undefined: `KUBECONFIG`, `~/.kube/config`, or inside of a cluster its own account. */
  readonly kubeconfig: string | undefined;
  /** Undefined: the current one. */
  readonly context: string | undefined;
  /** Undefined: that of the context, else `default`. */
  readonly namespace: string | undefined;
  readonly pod: PodChoice;
  /** Undefined: the pod's default container. */
  readonly container: string | undefined;
  readonly connectTimeoutMs: number;
  /** A connection on which nothing is answered for so long is given up. */
  readonly idleTimeoutMs: number;
}

export type PodChoice =
  | { readonly by: 'name'; readonly name: string }
  | { readonly by: 'owner'; readonly kind: 'statefulset' | 'deployment'; readonly name: string }
  | { readonly by: 'labels'; readonly selector: string };

const CONNECT_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 60_000;

const objectName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'must be a name as Kubernetes has them: a-z, 0-9, - and .');

/** What may stand below `kubernetes` of a name in `hosts`. */
export const kubernetesSchema = z.strictObject({
  pod: z
    .string()
    .transform(parsedPod)
    .describe('the name of a pod, statefulset/NAME, deployment/NAME, or labels such as app=db,tier=main'),
  container: objectName.describe("default: the pod's default container").optional(),
  namespace: objectName.describe('default: that of the context').optional(),
  context: z.string().min(1).describe('a context of the kubeconfig; default: the current one').optional(),
  kubeconfig: z
    .string()
    .min(1)
    .describe('default: as kubectl finds it, or inside of a cluster its own account')
    .optional(),
  connect_timeout: waitValue.describe('default 15s').optional(),
  idle_timeout: waitValue.describe('a connection on which nothing is answered is given up; default 1m').optional(),
});

/** What was read by {@link kubernetesSchema}, with defaults filled in. Relative paths of this machine are below `directory`. */
export function kubernetesOptions(raw: z.output<typeof kubernetesSchema>, directory: string): KubernetesOptions {
  const { kubeconfig, context, namespace, pod, container } = raw;
  return {
    ...{ context, namespace, pod, container },
    kubeconfig: kubeconfig && resolve(directory, kubeconfig.replace(/^~(?=\/)/, homeFolder())),
    connectTimeoutMs: raw.connect_timeout ?? CONNECT_TIMEOUT_MS,
    idleTimeoutMs: raw.idle_timeout ?? IDLE_TIMEOUT_MS,
  };
}

/** For people: `kubernetes://context/namespace/pod/container`, without what is not said. */
export function shownKubernetes({ context, namespace, pod, container }: KubernetesOptions): string {
  return `kubernetes://${[context, namespace, shownPod(pod), container].filter((part) => part !== undefined).join('/')}`;
}

function shownPod(pod: PodChoice): string {
  switch (pod.by) {
    case 'name':
      return pod.name;
    case 'owner':
      return `${pod.kind}/${pod.name}`;
    case 'labels':
      return pod.selector;
  }
}

function parsedPod(text: string, context: z.RefinementCtx): PodChoice {
  const [, kind, ofKind] = /^(statefulset|sts|deployment|deploy|pod)\/(.+)$/.exec(text) ?? [];
  const name = ofKind ?? text;
  if (objectName.safeParse(name).success) {
    if (kind === undefined || kind === 'pod') return { by: 'name', name };
    return { by: 'owner', kind: kind.startsWith('s') ? 'statefulset' : 'deployment', name };
  }
  if (kind === undefined && /^[\w./-]+(?:(?:=|==|!=)[\w.-]*)(?:,[\w./-]+(?:=|==|!=)[\w.-]*)*$/.test(text)) {
    return { by: 'labels', selector: text };
  }
  context.addIssue({
    code: 'custom',
    message: 'must be the name of a pod, statefulset/NAME, deployment/NAME, or labels such as app=db',
  });
  return z.NEVER;
}
