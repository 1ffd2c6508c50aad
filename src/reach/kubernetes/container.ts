/** The container of a host, found when it is first needed, and again when it is gone. */
import type { WebSocket } from 'ws';
import { systemClock } from '../../base/clock.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { retry } from '../../base/retry.ts';
import { FAR_COMMAND, type FarChannel, type FarEnd } from '../far-channel.ts';
import { type ChosenPod, choosePod } from './choose-pod.ts';
import { type AskHow, type Cluster, openCluster, RETRIES, renewing } from './cluster.ts';
import { connectExec, NEWER, OLDER } from './connect.ts';
import { execChannel } from './exec-channel.ts';
import { framedCommand } from './framed-input.ts';
import type { KubernetesOptions } from './options.ts';
import { containerStatus, fateOf } from './pod-state.ts';

export interface Container {
  /** For one command and what ends it: all of it happens in the same container, or not at all. */
  farEnd(): FarEnd;
  /** Its cluster; no pod is needed. */
  cluster(): Promise<Cluster>;
  look(how: AskHow): Promise<{ readonly pod: ChosenPod; readonly cluster: Cluster }>;
  /** Ends all streams. */
  close(): void;
}

/** What was seen so short a time ago is not looked at again. */
const FRESH_MS = 2000;
/** How long may be spent on finding out why something ended. */
const FATE_MS = 3000;

export function openContainer(location: string, options: KubernetesOptions): Container {
  const sockets = new Set<WebSocket>();
  let opening: Promise<Cluster> | undefined;
  let known: { readonly pod: ChosenPod; readonly seenMs: number } | undefined;
  /** Whether the cluster is one that knows only the older protocol. */
  let isOlder = false;

  const brief = (): AskHow => ({
    signal: AbortSignal.timeout(Math.min(FATE_MS, options.connectTimeoutMs)),
    isOnce: true,
  });

  async function clusterOf(): Promise<Cluster> {
    opening ??= openCluster(options);
    try {
      return await opening;
    } catch (error) {
      opening = undefined;
      throw error;
    }
  }

  /** The container that is in use, as long as it is the same and runs; else one is chosen anew. */
  async function current(cluster: Cluster, how: AskHow): Promise<ChosenPod> {
    if (known !== undefined && systemClock.elapsedMs() - known.seenMs < FRESH_MS) return known.pod;
    const pod =
      (known !== undefined && (await seenAgain(cluster, known.pod, how))) || (await choosePod(cluster, options, how));
    known = { pod, seenMs: systemClock.elapsedMs() };
    return pod;
  }

  async function open(expected: ChosenPod | undefined, how: AskHow): Promise<{ channel: FarChannel; pod: ChosenPod }> {
    const cluster = await clusterOf();
    let pod: ChosenPod | undefined;
    try {
      pod = expected ?? (await current(cluster, how));
      if (expected !== undefined && !(await seenAgain(cluster, expected, how))) throw gone(location, expected);
      const channel = await start(cluster, pod, how);
      return { channel, pod };
    } catch (error) {
      if (known?.pod === pod) known = undefined;
      throw error;
    }
  }

  async function start(cluster: Cluster, pod: ChosenPod, how: AskHow): Promise<FarChannel> {
    let channel: FarChannel | undefined;
    const connect = (isFramed: boolean): Promise<WebSocket> =>
      connectExec(cluster, pod, isFramed ? framedCommand(FAR_COMMAND) : FAR_COMMAND, {
        signal: how.signal,
        timeoutMs: options.connectTimeoutMs,
        protocols: isFramed ? [OLDER] : [NEWER, OLDER],
        attach(socket) {
          sockets.add(socket);
          socket.once('close', () => sockets.delete(socket));
          channel = execChannel(socket, {
            ...{ location, isFramed, idleTimeoutMs: options.idleTimeoutMs },
            fate: () => fate(cluster, pod, brief()),
            isStillThere: () =>
              seenAgain(cluster, pod, brief()).then(
                (found) => found !== undefined,
                () => false,
              ),
          });
        },
      });
    const { protocol } = await renewing(cluster, () => connect(isOlder));
    if (isOlder || protocol !== OLDER) return channel!;
    // Nothing has run yet: the command waits for a line. There it has to be started in another way.
    channel?.close();
    isOlder = true;
    await connect(isOlder);
    return channel!;
  }

  return {
    farEnd() {
      let mine: ChosenPod | undefined;
      return {
        location,
        startMs: options.connectTimeoutMs,
        async open({ signal }) {
          // A command that was refused has not begun: it may be asked for again.
          const policy = { ...RETRIES, patienceMs: options.connectTimeoutMs };
          const { channel, pod } = await retry(() => open(mine, { signal, isOnce: true }), { signal, policy });
          mine ??= pod;
          return channel;
        },
      };
    },
    cluster: clusterOf,
    async look(how) {
      const cluster = await clusterOf();
      return { pod: await current(cluster, how), cluster };
    },
    close() {
      for (const socket of sockets) socket.terminate();
    },
  };
}

/** The same container; undefined when it is not there any more, or does not run. Throws where that can not be known. */
async function seenAgain(cluster: Cluster, pod: ChosenPod, how: AskHow): Promise<ChosenPod | undefined> {
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

async function fate(
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

function gone(location: string, { name, container }: ChosenPod): SuretyError {
  return new SuretyError('reach.no-pod', `container ${container} of pod ${name} of ${location} is gone`);
}
