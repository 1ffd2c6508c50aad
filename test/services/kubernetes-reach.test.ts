import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { reachContract } from '../../src/reach/contract.ts';
import { openKubernetes } from '../../src/reach/kubernetes/open.ts';
import type { KubernetesOptions } from '../../src/reach/kubernetes/options.ts';
import type { Reach } from '../../src/reach/reach.ts';
import { type KubernetesServer, startKubernetesServer } from '../fixtures/kubernetes-server.ts';
import { skipWithout } from '../fixtures/programs.ts';

let server: KubernetesServer;

before(async () => {
  server = await startKubernetesServer();
  server.cluster.addPod({
    name: 'db-0',
    containers: [{ env: { POSTGRES_PASSWORD: 'in the pod' } }, { name: 'sidecar' }],
  });
});
after(() => server[Symbol.asyncDispose]());

function openPod(more: Partial<KubernetesOptions> = {}): Reach {
  return openKubernetes('pod', {
    ...{ kubeconfig: server.kubeconfig(), context: undefined, namespace: undefined, container: undefined },
    ...{ pod: { by: 'name', name: 'db-0' }, connectTimeoutMs: 5000, idleTimeoutMs: 10_000 },
    ...more,
  });
}

describe('a pod', { skip: skipWithout('openssl') }, () => {
  for (const check of reachContract(async () => openPod())) it(check.name, () => check.run());

  describe('of a cluster that speaks only v4', () => {
    before(() => {
      server.faults.protocols = ['v4.channel.k8s.io'];
    });
    after(() => {
      server.faults.protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
    });
    for (const check of reachContract(async () => openPod())) it(check.name, () => check.run());
  });
});
