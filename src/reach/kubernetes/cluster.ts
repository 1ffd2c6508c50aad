/** The programming interface of a cluster: requests with credentials, a time-out, and errors that say what to do. */
import type { AppsV1Api, CoreV1Api, KubeConfig, RequestContext } from '@kubernetes/client-node';
import type { ClientOptions } from 'ws';
import { hasCode } from '../../base/errors.ts';
import { type RetryPolicy, retry } from '../../base/retry.ts';
import { limitTime } from '../../base/time-limit.ts';
import { lateCredentials, lineFailure, noCredentials, refusal } from './explain.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import type { KubernetesOptions } from './options.ts';

export interface Apis {
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
}

export interface Cluster {
  readonly namespace: string;
  /** For messages: `cluster prod`. */
  readonly where: string;
  /** Its address, such as `https://10.0.0.1:6443`. */
  readonly server: string;
  /** What is asked must be harmless to ask twice. `doing` is for messages: `looking for pod db-0`. */
  ask<Answer>(doing: string, how: AskHow, question: (apis: Apis) => Promise<Answer>): Promise<Answer>;
  /** For a WebSocket of one's own: headers, certificates, proxy. */
  socketOptions(signal: AbortSignal): Promise<ClientOptions>;
  /** Reads the kubeconfig again: credentials may have been renewed. */
  renew(): Promise<void>;
}

export interface AskHow {
  readonly signal: AbortSignal;
  /** Whoever asks tries again as a whole. */
  readonly isOnce?: boolean;
}

/** About four seconds of pauses. */
export const RETRIES: RetryPolicy = { attempts: 5, firstDelayMs: 250, longestDelayMs: 4000 };

/** Connects to nothing yet. Throws `reach.failed` for what is wrong with the kubeconfig. */
export async function openCluster(options: KubernetesOptions): Promise<Cluster> {
  const library = await import('@kubernetes/client-node');
  let config = await loadKubeconfig(options);
  const context = config.getContextObject(config.getCurrentContext())!;
  const { server } = config.getCurrentCluster()!;
  const where = `cluster ${context.cluster}`;
  let connections: ReturnType<RequestContext['getDispatcher']>;

  function apis(signal: AbortSignal): Apis {
    const configuration = library.createConfiguration({
      baseServer: new library.ServerConfiguration(server, {}),
      authMethods: { default: config },
      promiseMiddleware: [
        {
          async pre(request) {
            request.setSignal(signal);
            // The library would make new connections for each request.
            connections ??= request.getDispatcher();
            if (connections !== undefined) request.setDispatcher(connections);
            return request;
          },
          post: async (response) => response,
        },
      ],
    });
    return { core: new library.CoreV1Api(configuration), apps: new library.AppsV1Api(configuration) };
  }

  async function askOnce<Answer>(doing: string, signal: AbortSignal, question: (apis: Apis) => Promise<Answer>) {
    using limit = limitTime(signal, options.connectTimeoutMs, () => slow(doing, where, options));
    await credentials(config, where, limit.signal);
    try {
      return await question(apis(limit.signal));
    } catch (error) {
      limit.signal.throwIfAborted();
      if (error instanceof library.ApiException) throw refusal(doing, where, { status: error.code, body: error.body });
      throw lineFailure(doing, where, error);
    }
  }

  const cluster: Cluster = {
    namespace: options.namespace ?? context.namespace ?? 'default',
    where,
    server,
    ask(doing, { signal, isOnce }, question) {
      const once = (): ReturnType<typeof question> => askOnce(doing, signal, question);
      return renewing(cluster, isOnce ? once : () => retry(once, { signal, policy: RETRIES }));
    },
    async socketOptions(signal) {
      const found = await credentials(config, where, signal);
      // The library keeps its agents for good, also when a certificate was renewed. Only the way through a proxy needs one.
      if (config.getCurrentCluster()?.proxyUrl === undefined) delete found.agent;
      return found;
    },
    async renew() {
      config = await loadKubeconfig(options);
      connections = undefined;
    },
  };
  return cluster;
}

/** Once more with the credentials as they are now where those at hand are not accepted. */
export async function renewing<Result>(cluster: Cluster, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isUnauthorized(error)) throw error;
    await cluster.renew();
    return await work();
  }
}

function isUnauthorized(error: unknown): boolean {
  return (error as { details?: { status?: unknown } } | undefined)?.details?.status === 401;
}

async function credentials(config: KubeConfig, where: string, signal: AbortSignal): Promise<ClientOptions> {
  const options: ClientOptions = {};
  try {
    await unlessAborted(
      config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0]),
      signal,
    );
  } catch (error) {
    if (signal.aborted) throw hasCode(signal.reason, 'reach.unreachable') ? lateCredentials(where) : signal.reason;
    throw noCredentials(where, error);
  }
  return options;
}

/** A program that gives credentials may wait for somebody who is not there. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function slow(doing: string, where: string, { connectTimeoutMs }: KubernetesOptions): Error {
  return lineFailure(doing, where, new Error(`no answer within ${connectTimeoutMs / 1000} s`));
}
