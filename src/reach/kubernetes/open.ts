import { SuretyError } from '../../base/errors.ts';
import { execFar } from '../far-command.ts';
import type { HostIdentity, Reach } from '../reach.ts';
import { type Container, openContainer } from './container.ts';
import type { KubernetesOptions } from './options.ts';
import { kubernetesWorkloads } from './scale.ts';

/**
 * A container of a pod, through the programming interface of its cluster. Nothing is asked before the first command. Commands run in the
 * same container as long as it lives; after that the pod is looked for anew, but nothing that was under way goes on.
 */
export function openKubernetes(name: string, options: KubernetesOptions): Reach {
  let container: Container | undefined;
  let isClosed = false;
  const opened = (): Container => {
    if (isClosed) throw new SuretyError('reach.failed', `the way to host ${name} is closed`);
    container ??= openContainer(`host ${name}`, options);
    return container;
  };
  return {
    traits: { kind: 'kubernetes', host: name, localFiles: false, replaceable: true },
    exec: (argv, how) => execFar(opened().farEnd(), argv, how),
    async identity({ signal }): Promise<HostIdentity> {
      const { pod, cluster } = await opened().look({ signal });
      const node = pod.node === undefined ? '' : ` on ${pod.node}`;
      return { address: `${cluster.server}/${cluster.namespace}/${pod.name}${node}`, key: pod.uid };
    },
    workloads: kubernetesWorkloads(() => opened().cluster()),
    async [Symbol.asyncDispose]() {
      isClosed = true;
      container?.close();
    },
  };
}
