/** An open connection to a bucket, and the one way in which it is asked for something. */
import type { S3Client } from '@aws-sdk/client-s3';
import type { Gate } from '../../base/limit.ts';
import type { RetryPolicy } from '../../base/retry.ts';
import type { How } from '../store.ts';
import { s3Failure } from './failure.ts';
import type { S3StoreOptions } from './options.ts';

export interface Bucket {
  readonly client: S3Client;
  readonly name: string;
  /** '' or ends with `/`. */
  readonly prefix: string;
  /** For people. */
  readonly location: string;
  readonly options: S3StoreOptions;
  /** Requests at once. */
  readonly gate: Gate;
  readonly connections: number;
  /** For single parts of a body. */
  readonly policy: RetryPolicy | undefined;
  /** Whether the service knows writes that fail when the key is taken; false once it said that it does not. Then they take turns. */
  readonly conditional: { works: boolean; readonly turn: Gate };
}

/** What each command has. */
export interface Sending {
  readonly abortSignal: AbortSignal;
}

/**
 * Makes a request and throws the port's errors. `action` says for people what was tried: `read index/ab…`. It waits until fewer
 * requests than allowed are under way, so that no waiting is taken for a dead connection.
 */
export async function ask<T>(
  bucket: Bucket,
  action: string,
  how: How,
  send: (client: S3Client, sending: Sending) => Promise<T>,
): Promise<T> {
  return await bucket.gate.run(() => askNow(bucket, action, how, send), how.signal);
}

/** The same without waiting: for an answer that is read for as long as somebody likes. */
export async function askNow<T>(
  bucket: Bucket,
  action: string,
  how: How,
  send: (client: S3Client, sending: Sending) => Promise<T>,
): Promise<T> {
  how.signal.throwIfAborted();
  try {
    return await send(bucket.client, { abortSignal: how.signal });
  } catch (error) {
    if (how.signal.aborted) throw how.signal.reason;
    throw s3Failure(error, action, bucket);
  }
}

/** Which object a command is about. */
export function objectOf(bucket: Bucket, key: string): { readonly Bucket: string; readonly Key: string } {
  return { Bucket: bucket.name, Key: bucket.prefix + key };
}
