/** The container of a host, found when it is first needed, and again when it is gone. */
import type { WebSocket } from 'ws';
import { systemClock } from '../../base/clock.ts';
import { SuretyError } from '../../base/errors.ts';
import { retry } from '../../base/retry.ts';
import type { FarChannel, FarEnd } from '../far-channel.ts';
import { type ChosenPod, choosePod } from './choose-pod.ts';
import { type AskHow, type Cluster, openCluster, RETRIES } from './cluster.ts';
import { seenAgain } from './container-fate.ts';
import type { KubernetesOptions } from './options.ts';
import { startExec } from './start-exec.ts';

export interface Container {
  /** For one command and what ends it: all of it happens in the same container, or not at all. */
  farEnd(): FarEnd;
  /** Its cluster; no pod is needed. */
  cluster(): Promise<Cluster>;
  /** As it is now. */
  look(how: AskHow): Promise<{ readonly pod: ChosenPod; readonly cluster: Cluster }>;
  /** Ends all streams. */
  close(): void;
}

/** What was seen so short a time ago is not looked at again. */
const FRESH_MS = 2000;

export function openContainer(location: string, options: KubernetesOptions): Container {
  const sockets = new Set<WebSocket>();
  let opening: Promise<Cluster> | undefined;
  let known: { readonly pod: ChosenPod; readonly seenMs: number } | undefined;
  /** Whether the cluster is one that knows only the older protocol. */
  let isOlder = false;

  const track = (socket: WebSocket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };

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
  async function current(cluster: Cluster, how: AskHow, freshMs = FRESH_MS): Promise<ChosenPod> {
    if (known !== undefined && systemClock.elapsedMs() - known.seenMs < freshMs) return known.pod;
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
      const started = await startExec(cluster, pod, { ...how, location, options, isOlder, opening: track });
      isOlder ||= started.isOlder;
      return { channel: started.channel, pod };
    } catch (error) {
      if (known?.pod === pod) known = undefined;
      throw error;
    }
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
      return { pod: await current(cluster, how, 0), cluster };
    },
    close() {
      for (const socket of sockets) socket.terminate();
    },
  };
}

function gone(location: string, { name, container }: ChosenPod): SuretyError {
  return new SuretyError('reach.no-pod', `container ${container} of pod ${name} of ${location} is gone`);
}
