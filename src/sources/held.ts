import fs from 'node:fs';
import { systemPath } from '../base/names.ts';
import { setTimes } from '../base/posix.ts';
import { collectBytes } from '../base/streams.ts';
import type {
  Content,
  ContentHow,
  Entry,
  Placed,
  Placement,
  Reading,
  RestoredEntry,
  Restoring,
  SourceFacts,
} from './source.ts';
import { BATCH_ENTRIES } from './source.ts';

/** One reading of a source, kept whole in memory: the smallest thing that a source can be restored from. */
export interface Held {
  readonly entries: readonly RestoredEntry[];
  /** By the entry's path. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  readonly facts: SourceFacts;
}

/** Takes everything that a reading gives. Entries whose content is gone are left out. */
export async function hold(reading: Reading, how: ContentHow): Promise<Held> {
  const entries: RestoredEntry[] = [];
  const contents = new Map<string, Uint8Array>();
  const seen: Entry[] = [];
  for await (const batch of reading.entries()) seen.push(...batch);
  const xattrs = await reading.xattrs(seen);
  const files = seen.filter((entry) => entry.type === 'file');
  let index = 0;
  for await (const content of reading.content(files, how)) {
    const bytes = await bytesOf(content);
    if (bytes !== undefined) contents.set(files[index]!.path, bytes);
    index += 1;
  }
  for (const [at, entry] of seen.entries()) {
    const bytes = contents.get(entry.path);
    if (entry.type === 'file' && bytes === undefined) continue;
    entries.push({ ...entry, sizeBytes: bytes?.length ?? 0, xattrs: xattrs[at] ?? [], handle: entry.path });
  }
  return { entries, contents, facts: await reading.finish() };
}

async function bytesOf(content: Content): Promise<Uint8Array | undefined> {
  if (content.kind === 'gone') return undefined;
  if (content.kind === 'stream') return collectBytes(content.chunks);
  try {
    return fs.readFileSync(systemPath(content.path));
  } catch {
    return undefined;
  }
}

export interface ReadHeldHow {
  readonly host?: string;
  readonly paths?: readonly string[];
  /** The content of an entry in place of what is held; undefined: what is held. */
  readonly content?: (entry: Entry) => Content | undefined;
  /** In place of giving the facts that are held. */
  readonly finish?: () => Promise<SourceFacts>;
}

/** Reads what is held: every content is a stream, and what is not held is gone. For tests of what takes a reading. */
export function readHeld(held: Held, how: ReadHeldHow = {}): Reading {
  const xattrs = new Map(held.entries.map((entry) => [entry.path, entry.xattrs]));
  const contentOf = (entry: Entry): Content => {
    const bytes = held.contents.get(entry.path);
    return (
      how.content?.(entry) ?? (bytes === undefined ? { kind: 'gone' } : { kind: 'stream', chunks: inPieces(bytes) })
    );
  };
  return {
    host: how.host ?? 'held',
    paths: how.paths ?? ['held'],
    async *entries() {
      for (let at = 0; at < held.entries.length; at += BATCH_ENTRIES) yield held.entries.slice(at, at + BATCH_ENTRIES);
    },
    xattrs: (entries) => entries.map(({ path }) => xattrs.get(path) ?? []),
    *content(entries) {
      for (const entry of entries) yield contentOf(entry);
    },
    finish: how.finish ?? (async () => held.facts),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Pieces that fit no block size. */
async function* inPieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100_003) yield bytes.subarray(at, at + 100_003);
}

/** Restores what is held. Content that is not held is reported as damaged, as an engine does. */
export function restoreHeld(held: Held): Restoring {
  const contentOf = (entry: RestoredEntry): Uint8Array => {
    const bytes = held.contents.get(String(entry.handle));
    if (bytes === undefined) throw new Error(`the content of ${entry.path} is damaged`);
    return bytes;
  };
  return {
    facts: held.facts,
    async *entries() {
      for (let at = 0; at < held.entries.length; at += BATCH_ENTRIES) yield held.entries.slice(at, at + BATCH_ENTRIES);
    },
    async *place(files, how) {
      for (const [index, file] of files.entries()) {
        how.signal.throwIfAborted();
        yield placeOne(index, file, contentOf);
      }
    },
    async *stream(entry) {
      yield contentOf(entry);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

function placeOne(index: number, file: Placement, contentOf: (entry: RestoredEntry) => Uint8Array): Placed {
  const path = systemPath(file.path);
  let fd: number | undefined;
  try {
    const bytes = contentOf(file.entry);
    fd = fs.openSync(path, 'wx', 0o600);
    for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at);
    if (file.attributes !== undefined) {
      const { owner, mode, mtimeNs } = file.attributes;
      if (owner !== undefined) fs.fchownSync(fd, owner.uid, owner.gid);
      fs.fchmodSync(fd, mode);
      setTimes(fd, mtimeNs);
    }
    return { index };
  } catch (error) {
    if (fd !== undefined) fs.rmSync(path);
    return { index, error: error as Error };
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}
