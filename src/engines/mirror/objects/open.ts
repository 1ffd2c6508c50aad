/** Copies in a store of objects: each file is an object under its path. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { SuretyError } from '../../../base/errors.ts';
import { eachConcurrently } from '../../../base/limit.ts';
import { systemPath } from '../../../base/names.ts';
import { BATCH_ENTRIES, type Content, type Entry, type RestoredEntry } from '../../../sources/source.ts';
import type { Store, StreamedBody } from '../../../stores/store.ts';
import type { How } from '../../engine.ts';
import {
  type KnownFile,
  knownFile,
  looksSame,
  type Measured,
  type MeasureHow,
  type MirrorPlace,
  type Prepared,
  type Update,
  type UpdateHow,
} from '../place.ts';
import { unreadWarning } from '../unread-warning.ts';
import { objectKey } from './object-key.ts';

/** Objects of a copy are replaced one by one: until all are, what a record says of some is not what is there, which their hashes tell. */
export function openObjects(store: Store): MirrorPlace {
  return {
    sharesContent: false,
    identity: () => undefined,
    update: (update, how) => upload(store, update, how),
    async duplicate(from, to, _mark, files, how) {
      await copyObjects(store, from, to, files, how);
      return { clean: (cleaning) => removeOthers(store, to, new Set(files.map(({ path }) => path)), cleaning) };
    },
    contents: (copy, files, how) => contents(store, copy, files, how),
    measure: (copy, files, how) => measure(store, copy, files, how),
    async remove(copy, how) {
      for await (const { key } of store.list(copy, how)) await store.delete(key, how);
    },
    leftovers: async () => [],
    recover: async () => {},
    standing: async (copy) => copy,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

async function copyObjects(
  store: Store,
  from: string,
  to: string,
  files: readonly Pick<Entry, 'path'>[],
  how: How,
): Promise<void> {
  await eachConcurrently(files, store.traits.connections, how.signal, async ({ path }, signal) => {
    const open = () => store.stream(objectKey(from, path), undefined, { signal });
    await store.put(objectKey(to, path), { open }, { signal });
  });
}

/** Removes what a copy has besides these files. */
async function removeOthers(store: Store, copy: string, paths: ReadonlySet<string>, how: How): Promise<void> {
  const kept = new Set([...paths].map((path) => objectKey(copy, path)));
  const gone: string[] = [];
  for await (const { key } of store.list(copy, how)) if (!kept.has(key)) gone.push(key);
  await eachConcurrently(gone, store.traits.connections, how.signal, (key, signal) => store.delete(key, { signal }));
}

async function upload(store: Store, update: Update, how: UpdateHow): Promise<Prepared> {
  const { copy, entries, reading } = update;
  // Objects of another copy are not those of this one.
  const base = update.base?.copy === copy ? update.base.files : undefined;
  const files = new Map<string, KnownFile>();
  const fresh: Entry[] = [];
  for (const entry of entries) {
    if (entry.type !== 'file') continue;
    const known = base?.get(entry.path);
    if (looksSame(entry, known)) files.set(entry.path, known);
    else fresh.push(entry);
  }
  const unchanged = files.size;
  const unread: string[] = [];
  const kept: string[] = [];
  let writtenBytes = 0;
  const add = (sizeBytes: number) => {
    writtenBytes += sizeBytes;
    how.progress(writtenBytes);
  };
  for (let at = 0; at < fresh.length; at += BATCH_ENTRIES) {
    const batch = fresh.slice(at, at + BATCH_ENTRIES);
    const sending: { entry: Entry; path: string }[] = [];
    let index = 0;
    for await (const content of reading.content(batch, { signal: how.signal })) {
      const entry = batch[index++]!;
      if (content.kind === 'path') sending.push({ entry, path: content.path });
      else if (content.kind === 'stream') await put(entry, () => content.chunks, true, how.signal);
    }
    // Files of this machine go side by side.
    await eachConcurrently(sending, store.traits.connections, how.signal, ({ entry, path }, signal) =>
      putFile(entry, path, signal),
    );
  }

  async function put(entry: Entry, open: () => AsyncIterable<Uint8Array>, once: boolean, signal: AbortSignal) {
    let read = { hash: createHash('sha256'), sizeBytes: 0 };
    const body: StreamedBody = {
      once,
      // Each attempt reads from the beginning.
      async *open() {
        const now = { hash: createHash('sha256'), sizeBytes: 0 };
        read = now;
        for await (const chunk of open()) {
          now.hash.update(chunk);
          now.sizeBytes += chunk.length;
          yield chunk;
        }
      },
    };
    await store.put(objectKey(copy, entry.path), body, { signal });
    add(read.sizeBytes);
    files.set(entry.path, knownFile(entry, { sizeBytes: read.sizeBytes, sha256: read.hash.digest('hex') }));
  }

  async function putFile(entry: Entry, path: string, signal: AbortSignal): Promise<void> {
    try {
      await put(entry, () => createReadStream(systemPath(path)), false, signal);
    } catch (error) {
      const warning = unreadWarning(entry, error);
      if (error instanceof SuretyError || warning === undefined) throw error;
      if (warning.code === 'entry.unreadable') unread.push(entry.path);
      how.warn(warning);
    }
  }

  return {
    ...{ mark: '', files, unchanged, unread },
    get writtenBytes() {
      return writtenBytes;
    },
    commit: async () => {},
    async keep(from, _tops, all, keeping) {
      const wanted = all.filter(({ type }) => type === 'file');
      if (from !== copy) await copyObjects(store, from, copy, wanted, keeping);
      for (const { path } of wanted) kept.push(path);
    },
    clean: () => removeOthers(store, copy, new Set([...files.keys(), ...kept]), how),
    // What was replaced is there; the next run goes on from it.
    discard: async () => {},
  };
}

async function* contents(
  store: Store,
  copy: string,
  files: readonly RestoredEntry[],
  how: How,
): AsyncGenerator<Content> {
  for (const { path } of files) {
    const key = objectKey(copy, path);
    if ((await store.stat(key, how)) === undefined) yield { kind: 'gone' };
    else yield { kind: 'stream', chunks: store.stream(key, undefined, how) };
  }
}

async function* measure(
  store: Store,
  copy: string,
  files: readonly RestoredEntry[],
  how: MeasureHow,
): AsyncGenerator<Measured | undefined> {
  const there = new Map<string, number>();
  for await (const { key, sizeBytes } of store.list(copy, how)) there.set(key, sizeBytes);
  for (const { path } of files) {
    const key = objectKey(copy, path);
    const sizeBytes = there.get(key);
    if (sizeBytes === undefined) yield undefined;
    else yield { sizeBytes, sha256: how.hash ? await hashOf(store, key, how) : undefined };
  }
}

async function hashOf(store: Store, key: string, how: How): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of store.stream(key, undefined, how)) hash.update(chunk);
  return hash.digest('hex');
}
