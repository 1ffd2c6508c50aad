/** Sends a streamed body in parts: a part that failed is sent again from memory, so the body need not be read twice. */
import { openGate } from '../base/limit.ts';
import { type RetryPolicy, retry } from '../base/retry.ts';
import { openBody } from './body.ts';
import type { Body, How } from './store.ts';

export interface PartsHow extends How {
  /** Bytes of each part but the last. */
  readonly partBytes: number;
  /** Parts under way at once; so many and one more are in memory. */
  readonly parallel: number;
  readonly policy?: RetryPolicy | undefined;
}

export interface Part {
  /** 1 for the first. */
  readonly number: number;
  /** Where the part begins in the body. */
  readonly offset: number;
  /** Must not be used after `send` has settled: the memory is used again. */
  readonly bytes: Uint8Array;
  /** No part comes after it. */
  readonly last: boolean;
}

/**
 * Reads `body` and calls `send` for each part, in order of beginning, several at once; an empty body has one empty part. Calls that fail
 * with an error that may pass are repeated with the same bytes. Resolves to the body's size once every part is sent; throws what the body
 * or a part threw, after all that is under way has settled.
 */
export async function sendInParts(
  body: Body,
  how: PartsHow,
  send: (part: Part, signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const gate = openGate(how.parallel);
  const failed = new AbortController();
  const signal = AbortSignal.any([how.signal, failed.signal]);
  const spare: Uint8Array<ArrayBuffer>[] = [];
  const sending = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    failed.abort(error);
  };
  let number = 0;
  let offset = 0;

  async function begin(buffer: Uint8Array<ArrayBuffer>, sizeBytes: number, last: boolean): Promise<void> {
    const leave = await gate.enter(signal);
    const part = { number: ++number, offset, bytes: buffer.subarray(0, sizeBytes), last };
    offset += sizeBytes;
    const task = retry(() => send(part, signal), { signal, policy: how.policy })
      .then(() => void spare.push(buffer), fail)
      .finally(leave);
    sending.add(task);
    void task.finally(() => sending.delete(task));
  }

  try {
    let filling = new Uint8Array(how.partBytes);
    let filled = 0;
    for await (const chunk of openBody(body, { signal })) {
      for (let at = 0; at < chunk.length; ) {
        // A full part waits for the next byte, which tells that it is not the last one.
        if (filled === filling.length) {
          await begin(filling, filled, false);
          filling = spare.pop() ?? new Uint8Array(how.partBytes);
          filled = 0;
        }
        const taken = Math.min(filling.length - filled, chunk.length - at);
        filling.set(chunk.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
      }
      signal.throwIfAborted();
    }
    await begin(filling, filled, true);
  } catch (error) {
    fail(error);
  }
  await Promise.all(sending);
  how.signal.throwIfAborted();
  if (failure !== undefined) throw failure.error;
  return offset;
}
