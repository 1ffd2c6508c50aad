/** How stores that speak HTTP are reached: kept connections, private certificates, proxies, and an end to every wait. */
import { readFileSync } from 'node:fs';
import type { Agent, AgentOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { variables } from '../base/environment.ts';
import { messageOf, SuretyError } from '../base/errors.ts';
import { largeReads } from './large-reads.ts';
import { http, https } from './node-http.ts';

export interface ConnectionOptions {
  /** Absolute path of certificates that are trusted besides the usual ones. */
  readonly caFile?: string | undefined;
  /** Default: what `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say. */
  readonly proxy?: string | undefined;
  readonly connectTimeoutMs?: number | undefined;
  /** A connection on which nothing moves for so long is given up. */
  readonly idleTimeoutMs?: number | undefined;
}

export interface Connections extends Disposable {
  agentFor(url: URL | string): Agent;
}

const CONNECT_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 60_000;

/** Agents of a store's own. Throws `store.untrusted` when the certificates can not be used. */
export function openConnections(options: ConnectionOptions): Connections {
  const connectMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const kept: AgentOptions = {
    keepAlive: true,
    maxFreeSockets: 256,
    scheduling: 'lifo',
    timeout: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
    proxyEnv: proxies(options.proxy),
  };
  const secureContext = trusted(options.caFile);
  const plain = withTimeouts(readingMuch(new http.Agent(kept)), connectMs);
  const secure = withTimeouts(
    readingMuch(new https.Agent({ ...kept, ...(secureContext === undefined ? {} : { secureContext }) })),
    connectMs,
  );
  return {
    agentFor: (url) => (new URL(url).protocol === 'https:' ? secure : plain),
    [Symbol.dispose]() {
      plain.destroy();
      secure.destroy();
    },
  };
}

function proxies(proxy: string | undefined): Record<string, string> {
  return proxy === undefined ? variables() : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
}

/**
 * Node hands the options for a connection on to `net.connect` and `tls.connect`, but not where a proxy is asked for a way through: there it
 * reads by itself.
 */
function readingMuch<A extends Agent>(agent: A): A {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, connected?: Connected) => {
    const { onread, attach } = largeReads();
    const stream = connect(Object.assign({}, options, { onread }), connected);
    if (stream != null) attach(stream);
    return stream;
  };
  return agent;
}

type Connected = (error: Error | null, stream: Duplex) => void;

/** Node only tells that a connection is idle; this ends it, with an error that says so. */
function withTimeouts<A extends Agent>(agent: A, connectMs: number): A {
  const watched = new WeakSet<Duplex>();
  const connect = agent.createConnection.bind(agent);
  const watch = (stream: Duplex | null | undefined): void => {
    if (stream == null || watched.has(stream)) return;
    watched.add(stream);
    endWhenIdle(stream as Socket, connectMs);
  };
  agent.createConnection = (options, connected?: Connected) => {
    const told: Connected = (error, stream) => {
      watch(stream);
      connected?.(error, stream);
    };
    const stream = connect(options, told);
    watch(stream);
    return stream;
  };
  return agent;
}

function endWhenIdle(socket: Socket, connectMs: number): void {
  socket.on('timeout', () => socket.destroy(timeoutError('nothing moved on the connection for too long')));
  const secure = 'encrypted' in socket;
  if (!secure && !socket.connecting) return;
  const timer = setTimeout(
    () => socket.destroy(timeoutError(`no connection could be made within ${connectMs} ms`)),
    connectMs,
  );
  const stop = () => clearTimeout(timer);
  socket.once(secure ? 'secureConnect' : 'connect', stop).once('close', stop);
}

function timeoutError(message: string): Error {
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
}

/** The usual certificates and those of the file, read once and not for each connection. */
function trusted(caFile: string | undefined): SecureContext | undefined {
  if (caFile === undefined) return undefined;
  try {
    return createSecureContext({ ca: [...getCACertificates('default'), readFileSync(caFile, 'utf8')] });
  } catch (error) {
    throw new SuretyError('store.untrusted', `the certificates in ${caFile} can not be used: ${messageOf(error)}`, {
      hint: 'ca_file names a readable file with certificates in PEM form',
      cause: error,
    });
  }
}
