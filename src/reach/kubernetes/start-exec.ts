/** Starts what runs everything in a container, in the newest protocol that the cluster speaks. */
import type { WebSocket } from 'ws';
import { framedCommand } from '../../base/framed-input.ts';
import { FAR_COMMAND, type FarChannel } from '../far-channel.ts';
import type { ChosenPod } from './choose-pod.ts';
import { type AskHow, type Cluster, renewing } from './cluster.ts';
import { connectExec, NEWER, OLDER } from './connect.ts';
import { containerFate, seenAgain } from './container-fate.ts';
import { execChannel } from './exec-channel.ts';
import type { KubernetesOptions } from './options.ts';

export interface StartHow extends AskHow {
  /** For messages: `host main`. */
  readonly location: string;
  readonly options: KubernetesOptions;
  /** Whether the cluster is known to speak only the older protocol. */
  readonly isOlder: boolean;
  /** Told of each connection before it is made. */
  readonly opening: (socket: WebSocket) => void;
}

export interface Started {
  readonly channel: FarChannel;
  readonly isOlder: boolean;
}

/** How long may be spent on finding out why something ended. */
const FATE_MS = 3000;

export async function startExec(cluster: Cluster, pod: ChosenPod, how: StartHow): Promise<Started> {
  const first = await renewing(cluster, () => connect(cluster, pod, how, how.isOlder));
  if (how.isOlder || first.protocol !== OLDER) return { channel: first.channel, isOlder: how.isOlder };
  // Nothing has run yet: the command waits for a line. There it has to be started in another way.
  first.channel.close();
  const { channel } = await connect(cluster, pod, how, true);
  return { channel, isOlder: true };
}

async function connect(
  cluster: Cluster,
  pod: ChosenPod,
  { location, options, signal, opening }: StartHow,
  isFramed: boolean,
): Promise<{ readonly channel: FarChannel; readonly protocol: string }> {
  const timeoutMs = Math.min(FATE_MS, options.connectTimeoutMs);
  const brief = (): AskHow => ({ signal: AbortSignal.timeout(timeoutMs), isOnce: true });
  let channel: FarChannel | undefined;
  const command = isFramed ? framedCommand(FAR_COMMAND) : FAR_COMMAND;
  const { protocol } = await connectExec(cluster, pod, command, {
    signal,
    timeoutMs: options.connectTimeoutMs,
    protocols: isFramed ? [OLDER] : [NEWER, OLDER],
    attach(socket) {
      opening(socket);
      channel = execChannel(socket, {
        ...{ location, isFramed, idleTimeoutMs: options.idleTimeoutMs },
        fate: () => containerFate(cluster, pod, brief()),
        async isStillThere() {
          try {
            return (await seenAgain(cluster, pod, brief())) !== undefined;
          } catch {
            return false;
          }
        },
      });
    },
  });
  return { channel: channel!, protocol };
}
