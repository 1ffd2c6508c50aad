import { checkBodySize, openBody } from './body.ts';
import type { Body, How } from './store.ts';

/** A body of `sizeBytes` in one array. Fails with `store.failed` when it turns out to have another size. */
export async function collectBody(key: string, body: Body, sizeBytes: number, how: How): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for await (const chunk of openBody(body, how)) {
    how.signal.throwIfAborted();
    if (at + chunk.length <= sizeBytes) bytes.set(chunk, at);
    at += chunk.length;
  }
  checkBodySize(key, body, at);
  return bytes;
}
