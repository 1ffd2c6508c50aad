/** Opens `exec` of a container over WebSocket. Protocol: KEP-4006, https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4006-transition-spdy-to-websockets */
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { messageOf, SuretyError } from '../../base/errors.ts';
import { limitTime } from '../../base/time-limit.ts';
import type { ChosenPod } from './choose-pod.ts';
import type { Cluster } from './cluster.ts';
import { lineFailure, refusal } from './explain.ts';

/** The newer one can tell a program that its input has ended; clusters before 1.29 have only the older one. */
export const [NEWER, OLDER] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

export interface ConnectHow {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly protocols: readonly string[];
  /** Called before anything can have arrived. */
  readonly attach: (socket: WebSocket) => void;
}

const MESSAGE_BYTES = 16 << 20;
const REFUSAL_BYTES = 64 << 10;
const KEEP_ALIVE_MS = 30_000;

/** Nothing is left open when it rejects. */
export async function connectExec(
  cluster: Cluster,
  pod: ChosenPod,
  command: readonly string[],
  how: ConnectHow,
): Promise<WebSocket> {
  const doing = `exec in pod ${pod.name}`;
  const slow = (): Error => lineFailure(doing, cluster.where, new Error(`no answer within ${how.timeoutMs / 1000} s`));
  using limit = limitTime(how.signal, how.timeoutMs, slow);
  const options = await cluster.socketOptions(limit.signal);
  const socket = new WebSocket(execUrl(cluster, pod, command), [...how.protocols], {
    ...options,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES,
  });
  how.attach(socket);
  try {
    await opened(socket, limit.signal, doing, cluster.where);
  } catch (error) {
    socket.on('error', () => undefined).terminate();
    throw error;
  }
  return socket;
}

function opened(socket: WebSocket, signal: AbortSignal, doing: string, where: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  socket.once('open', resolve);
  socket.once('error', (error) => reject(handshakeFailure(doing, where, error)));
  socket.once('unexpected-response', (_request, response) => {
    void bodyOf(response).then((body) => reject(refusal(doing, where, { status: response.statusCode ?? 0, body })));
  });
  socket.once('upgrade', ({ socket: line }) => line.setKeepAlive(true, KEEP_ALIVE_MS));
  return promise.finally(() => signal.removeEventListener('abort', abort));
}

function handshakeFailure(doing: string, where: string, error: Error): SuretyError {
  if (!/subprotocol/i.test(messageOf(error))) return lineFailure(doing, where, error);
  return new SuretyError('reach.failed', `${doing} failed: ${where} speaks neither ${NEWER} nor ${OLDER}`, {
    hint: 'is there a proxy in between that does not know WebSocket',
    cause: error,
  });
}

function execUrl({ server, namespace }: Cluster, { name, container }: ChosenPod, command: readonly string[]): string {
  const query = new URLSearchParams({ container, stdin: 'true', stdout: 'true', stderr: 'true' });
  for (const word of command) query.append('command', word);
  const path = `api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/exec`;
  return `${server.replace(/^http/, 'ws').replace(/\/*$/, '')}/${path}?${query}`;
}

/** The beginning of what a refusal says, however it ends. */
async function bodyOf(response: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk;
      if (text.length > REFUSAL_BYTES) break;
    }
  } catch {
    // What came is enough.
  }
  return text;
}
