import { retry } from '../../base/retry.ts';
import { checkBodySize } from '../body.ts';
import { sendInParts } from '../parts.ts';
import type { Body, PutHow, StreamedBody } from '../store.ts';
import { OUTSTANDING, PIECE_BYTES, untilAborted } from './pipeline.ts';
import { openUpload, type Place, type Upload } from './upload.ts';

export interface PutSettings {
  readonly partBytes: number;
  /** Parts under way at once. */
  readonly parallel: number;
}

/**
 * Writes the body beside the store's files, makes it durable, then gives it its name. Whatever happens in between, the key has the whole
 * body or none. Once the name is being given, an abort waits for the answer: nobody could tell otherwise what is there.
 */
export async function putFile(
  place: Place,
  key: string,
  body: Body,
  how: PutHow,
  settings: PutSettings,
): Promise<void> {
  const upload = openUpload(place, key, how.ifAbsent === true);
  try {
    if (body instanceof Uint8Array) await putBytes(place, upload, body, how);
    else await putStream(place, upload, key, body, how, settings);
  } catch (error) {
    // Before the unfinished file goes: a full disk has room again without it.
    const explained = await place.explain(error, key, how);
    upload.abandon();
    throw explained;
  }
}

/** From memory over one connection: open, write and check, name are three round trips. */
async function putBytes(place: Place, upload: Upload, bytes: Uint8Array, how: PutHow): Promise<void> {
  using leased = await place.connections.lease(how.signal);
  const { session } = leased;
  await untilAborted(upload.open(session), how.signal);
  const writing = upload.write(session, bytes, 0, how.signal);
  // The questions of the check leave right behind what is written; where that takes several rounds, they wait for it.
  if (bytes.length > OUTSTANDING * PIECE_BYTES) await untilAborted(writing, how.signal);
  const checking = upload.check(session, bytes.length);
  checking.catch(() => undefined);
  // What could not be written tells more than that something is missing.
  await untilAborted(writing, how.signal);
  const now = await untilAborted(checking, how.signal);
  await upload.name(session, bytes.length);
  place.unfinished.removeAbandoned(now);
}

/**
 * In parts over all connections. A part is forgotten only when it is durable on the server: one that was lost with its connection, or with the
 * server, is written again at its place.
 */
async function putStream(
  place: Place,
  upload: Upload,
  key: string,
  body: StreamedBody,
  how: PutHow,
  settings: PutSettings,
): Promise<void> {
  const { connections } = place;
  const sizeBytes = await untilAborted(
    sendInParts(body, { signal: how.signal, ...settings }, async ({ bytes, offset }, signal) => {
      using leased = await connections.lease(signal);
      await untilAborted(upload.open(leased.session), signal);
      await untilAborted(upload.write(leased.session, bytes, offset, signal), signal);
      await untilAborted(upload.sync(leased.session), signal);
    }),
    how.signal,
  );
  checkBodySize(key, body, sizeBytes);
  const now = await retry(() => connections.use(how.signal, (session) => upload.check(session, sizeBytes)), {
    signal: how.signal,
  });
  await retry(
    async () => {
      using leased = await connections.lease(how.signal);
      await upload.name(leased.session, sizeBytes);
    },
    { signal: how.signal },
  );
  place.unfinished.removeAbandoned(now);
}
