/** Resumable uploads: https://cloud.google.com/storage/docs/performing-resumable-uploads */
import { SuretyError } from '../../base/errors.ts';
import { retry } from '../../base/retry.ts';
import type { Part } from '../parts.ts';
import type { How, PutHow } from '../store.ts';
import { ask, type Bucket, bucketPath } from './bucket.ts';
import { serviceStatus } from './failure.ts';
import { attributes, condition } from './put-bytes.ts';

/** One upload of one object. */
export interface Session {
  /**
   * Sends a part; called again for the same part, it first asks how much of it has arrived. `md5` is that of the whole body and comes
   * with the last part: the service makes an object only of what has it. Throws `store.session-lost` when the upload has to begin anew.
   */
  send(part: Part, md5: string | undefined, how: How): Promise<void>;
  /** Removes what was sent, unless it is an object by now. Never throws. */
  cancel(): Promise<void>;
}

const CANCEL_TIMEOUT_MS = 20_000;
/** "Not yet all": the header `range` says how much has arrived. */
const INCOMPLETE = 308;
const CANCELLED = 499;

export async function openSession(
  bucket: Bucket,
  key: string,
  sizeBytes: number | undefined,
  how: PutHow,
): Promise<Session> {
  const action = `write ${key}`;
  const { headers } = await ask(bucket, action, how, {
    method: 'POST',
    path: `/upload${bucketPath(bucket)}/o`,
    query: { uploadType: 'resumable', fields: 'size,md5Hash', ...condition(how) },
    headers: {
      'x-upload-content-type': 'application/octet-stream',
      ...(sizeBytes === undefined ? {} : { 'x-upload-content-length': String(sizeBytes) }),
    },
    json: attributes(bucket, key, how),
  });
  const path = headers.location;
  if (path === undefined) {
    throw new SuretyError('store.failed', `${bucket.location} gave no place for the upload of ${key}`);
  }
  let begunPart = 0;
  let finished = false;

  /** Where the service goes on; Infinity when the object is made. */
  async function put(range: string, bytes: Uint8Array | undefined, md5: string | undefined, how: How): Promise<number> {
    try {
      const { status, headers } = await ask(bucket, action, how, {
        method: 'PUT',
        path: path ?? '',
        headers: { 'content-range': range, ...(md5 === undefined ? {} : { 'x-goog-hash': `md5=${md5}` }) },
        ...(bytes === undefined ? {} : { bytes: [bytes] }),
        expected: [INCOMPLETE],
      });
      return status === INCOMPLETE ? arrivedBytes(headers.range) : Number.POSITIVE_INFINITY;
    } catch (error) {
      if ([404, 410, CANCELLED].includes(serviceStatus(error))) throw lost(bucket, key, error);
      throw error;
    }
  }

  return {
    async send(part, md5, how) {
      const end = part.offset + part.bytes.length;
      const total = part.last ? String(end) : '*';
      let from = part.offset;
      if (begunPart === part.number) from = await put(`bytes */${total}`, undefined, undefined, how);
      begunPart = part.number;
      while (from < end) {
        if (from < part.offset) throw lost(bucket, key);
        const rest = part.bytes.subarray(from - part.offset);
        const arrived = await put(`bytes ${from}-${end - 1}/${total}`, rest, md5, how);
        if (arrived <= from) throw stuck(bucket, key, from);
        from = arrived;
      }
      finished = from === Number.POSITIVE_INFINITY;
      if (part.last && !finished) throw lost(bucket, key);
    },

    /** The caller's signal may be what ended the upload, so this has a time limit of its own. What it can not remove goes after a week. */
    async cancel() {
      if (finished) return;
      const signal = AbortSignal.timeout(CANCEL_TIMEOUT_MS);
      const question = { method: 'DELETE', path, expected: [CANCELLED, 404, 410] } as const;
      const policy = { attempts: 3, firstDelayMs: 200, longestDelayMs: 1000 };
      await retry(() => ask(bucket, action, { signal }, question), { signal, policy }).catch(() => undefined);
    },
  };
}

/** `bytes=0-41` are 42; no header says that nothing has arrived. */
function arrivedBytes(range: string | undefined): number {
  const last = /^bytes=0-(\d+)$/.exec(range ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}

function lost(bucket: Bucket, key: string, cause?: unknown): SuretyError {
  return new SuretyError('store.session-lost', `${bucket.location} lost the unfinished upload of ${key}`, {
    cause: cause instanceof SuretyError ? cause.cause : cause,
    details: { key },
  });
}

function stuck(bucket: Bucket, key: string, from: number): SuretyError {
  return new SuretyError('store.unavailable', `${bucket.location} kept nothing of ${key} after byte ${from}`, {
    retry: 'later',
    details: { key, from },
  });
}
