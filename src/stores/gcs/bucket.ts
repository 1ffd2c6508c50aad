/** An open connection to a bucket, and the one way in which it is asked for something. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Gate } from '../../base/limit.ts';
import type { RetryPolicy } from '../../base/retry.ts';
import type { Connections } from '../connections.ts';
import { http, https } from '../node-http.ts';
import type { How } from '../store.ts';
import type { GcsAccess } from './credentials.ts';
import { gcsFailure, type Refused, refusalFailure } from './failure.ts';
import type { GcsStoreOptions } from './options.ts';

export interface Bucket {
  readonly name: string;
  /** '' or ends with `/`. */
  readonly prefix: string;
  /** For people. */
  readonly location: string;
  readonly endpoint: string;
  readonly options: GcsStoreOptions;
  readonly access: GcsAccess;
  readonly links: Connections;
  /** Requests at once. */
  readonly gate: Gate;
  readonly connections: number;
  /** For single parts of a body. */
  readonly policy: RetryPolicy | undefined;
}

/** One request of Google's JSON API. */
export interface Question {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** After the endpoint, or a whole URL. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Sent one after the other, from where they are. */
  readonly bytes?: readonly Uint8Array[];
  /** Statuses besides 2xx that are answers and not failures. */
  readonly expected?: readonly number[];
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

const MAX_TEXT_BYTES = 64 * 2 ** 20;

/**
 * Makes a request, reads its answer as JSON (undefined for none) and throws the port's errors. `action` says for people what was tried:
 * `read index/ab…`. It waits until fewer requests than allowed are under way, so that no waiting is taken for a dead connection.
 */
export async function ask<T>(
  bucket: Bucket,
  action: string,
  how: How,
  question: Question,
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly json: T }> {
  return await bucket.gate.run(() => askJsonNow<T>(bucket, action, how, question), how.signal);
}

/** The same without waiting. */
export async function askJsonNow<T>(bucket: Bucket, action: string, how: How, question: Question) {
  const answer = await askNow(bucket, action, how, question);
  try {
    const text = await textOf(answer.body);
    return { status: answer.status, headers: answer.headers, json: (text === '' ? undefined : JSON.parse(text)) as T };
  } catch (error) {
    if (how.signal.aborted) throw how.signal.reason;
    throw gcsFailure(error, action, bucket);
  }
}

/** An answer whose body is still to be read, for as long as somebody likes. */
export async function askNow(bucket: Bucket, action: string, how: How, question: Question): Promise<Answer> {
  const authorization = await bucket.access.header(how);
  how.signal.throwIfAborted();
  let refused: Refused;
  try {
    const answer = await exchange(bucket, authorization, how, question);
    const { status } = answer;
    if ((status >= 200 && status < 300) || question.expected?.includes(status) === true) return answer;
    refused = { status, headers: answer.headers, text: await textOf(answer.body) };
  } catch (error) {
    if (how.signal.aborted) throw how.signal.reason;
    throw gcsFailure(error, action, bucket);
  }
  throw refusalFailure(refused, action, bucket);
}

function exchange(bucket: Bucket, authorization: string, how: How, question: Question): Promise<Answer> {
  const url = new URL(/^https?:/.test(question.path) ? question.path : `${bucket.endpoint}${question.path}`);
  for (const [name, value] of Object.entries(question.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const json = question.json === undefined ? undefined : Buffer.from(JSON.stringify(question.json));
  const pieces = json === undefined ? (question.bytes ?? []) : [json];
  const method = question.method ?? 'GET';
  const headers: Record<string, string | number> = { authorization, ...question.headers };
  if (json !== undefined) headers['content-type'] = 'application/json; charset=UTF-8';
  if (method !== 'GET') headers['content-length'] = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const start = url.protocol === 'https:' ? https.request : http.request;
  return new Promise((resolve, reject) => {
    const request = start(url, { method, headers, agent: bucket.links.agentFor(url), signal: how.signal });
    request.on('error', reject);
    request.on('response', (body) => {
      // An error of it comes when it is read; nobody may be reading yet.
      body.on('error', () => undefined);
      resolve({ status: body.statusCode ?? 0, headers: body.headers, body });
    });
    for (const piece of pieces) request.write(piece);
    request.end();
  });
}

async function textOf(body: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_TEXT_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The path of what the store has under `key`. */
export function objectPath(bucket: Bucket, key: string): string {
  return `${bucketPath(bucket)}/o/${encodeURIComponent(bucket.prefix + key)}`;
}

export function bucketPath({ name }: Bucket): string {
  return `/storage/v1/b/${encodeURIComponent(name)}`;
}
