/** Turns a reading into the members of a tar archive. */

import { splitDevice } from '../base/device-number.ts';
import { SuretyError } from '../base/errors.ts';
import { displayName } from '../base/names.ts';
import type { TarMember } from '../base/tar/pack.ts';
import type { TarEntry } from '../base/tar/tar-entry.ts';
import type { Content, Entry, Reading, Xattr } from '../sources/source.ts';
import type { BackupHow } from './engine.ts';
import { type OpenContent, openFileContent } from './file-content.ts';
import type { Spool } from './spool.ts';
import type { Tally } from './tally.ts';

export interface MembersHow {
  readonly reading: Reading;
  readonly how: BackupHow;
  readonly tally: Tally;
  readonly spool: Spool;
  /** Looks at the content of each file as it goes by. */
  readonly watch?: (
    file: { readonly path: string; readonly sizeBytes: number },
    chunks: OpenContent['chunks'],
  ) => Chunks;
  /** Told of each entry before it is a member; `sizeBytes` is that of its content, also where another name of it has that. */
  readonly onEntry?: (entry: Entry, xattrs: readonly Xattr[]) => void | Promise<void>;
}

type Chunks = AsyncIterable<Uint8Array>;

/** Sockets are left out: nothing could be restored of them. */
export async function* members(
  batches: AsyncIterable<readonly Entry[]>,
  options: MembersHow,
): AsyncGenerator<TarMember> {
  const links = new Links();
  for await (const batch of together(batches, options.reading.askAhead ?? 1)) {
    options.how.signal.throwIfAborted();
    const kept = batch.filter(({ type }) => type !== 'socket');
    const xattrs = await options.reading.xattrs(kept);
    const others = new Map<Entry, string>();
    for (const entry of kept) {
      const first = links.register(entry);
      if (first !== undefined) others.set(entry, first);
    }
    const files = kept.filter((entry) => entry.type === 'file' && !others.has(entry));
    yield* batchMembers(kept, { ...options, xattrs, others, links, contents: contentsOf(files, options) });
  }
}

/** Batches of at least so many entries, but for the last. */
async function* together(batches: AsyncIterable<readonly Entry[]>, least: number): AsyncGenerator<readonly Entry[]> {
  let held: Entry[] = [];
  for await (const batch of batches) {
    if (held.length === 0 && batch.length >= least) yield batch;
    else held.push(...batch);
    if (held.length < least) continue;
    yield held;
    held = [];
  }
  if (held.length > 0) yield held;
}

interface BatchHow extends MembersHow {
  readonly xattrs: readonly (readonly Xattr[])[];
  /** Files that are another name of one before: its path. */
  readonly others: ReadonlyMap<Entry, string>;
  readonly links: Links;
  readonly contents: AsyncIterator<Content>;
}

async function* batchMembers(kept: readonly Entry[], batch: BatchHow): AsyncGenerator<TarMember> {
  const { tally, others, links, contents } = batch;
  try {
    for (const [at, entry] of kept.entries()) {
      const xattrs = batch.xattrs[at] ?? [];
      const first = others.get(entry);
      if (entry.type === 'dir') tally.dir();
      if (entry.type !== 'file') {
        if (entry.type !== 'dir') tally.other();
        await batch.onEntry?.(entry, xattrs);
        yield { entry: toTarEntry(entry, xattrs) };
      } else if (first !== undefined) {
        if (links.isLost(entry)) {
          tally.warn({ code: 'entry.vanished', path: entry.path, message: `so is ${first}, another name of it` });
          continue;
        }
        tally.file(entry.path, 0);
        await batch.onEntry?.(entry, xattrs);
        yield { entry: toTarEntry(entry, [], { type: 'hardlink', linkTarget: first, sizeBytes: 0 }) };
      } else {
        const opened = await openContent(entry, (await contents.next()).value, batch);
        if (opened === undefined) links.lose(entry);
        else {
          await batch.onEntry?.({ ...entry, sizeBytes: opened.sizeBytes }, xattrs);
          yield fileMember(entry, xattrs, opened, batch);
        }
      }
    }
  } finally {
    await contents.return?.();
  }
}

function fileMember(
  entry: Entry,
  xattrs: readonly Xattr[],
  { sizeBytes, chunks }: OpenContent,
  { tally, watch, how }: MembersHow,
): TarMember {
  tally.file(entry.path, sizeBytes);
  const watched = watch?.({ path: entry.path, sizeBytes }, chunks) ?? chunks;
  const content = passing(watched, tally, how.signal);
  return { entry: toTarEntry(entry, xattrs, { sizeBytes }), content };
}

/** Tells of the bytes that go by, and ends when the run is ended. */
export async function* passing(
  chunks: OpenContent['chunks'],
  tally: Tally,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    tally.bytes(chunk.length);
    yield chunk;
  }
  signal.throwIfAborted();
}

async function openContent(
  entry: Entry,
  content: Content | undefined,
  { spool, tally, how }: MembersHow,
): Promise<OpenContent | undefined> {
  if (content === undefined || content.kind === 'gone') return undefined;
  if (content.kind === 'path') return await openFileContent(content.path, entry, tally.warn);
  // What a snapshot says of a size is so; anywhere else a stream can turn out longer or shorter.
  if (how.isCopy === true && entry.sizeBytes >= 0) {
    return { sizeBytes: entry.sizeBytes, chunks: exactly(content.chunks, entry) };
  }
  if (how.kind === 'files' && entry.sizeBytes >= SPOOLED_BYTES) {
    return { sizeBytes: entry.sizeBytes, chunks: fitted(content.chunks, entry, tally) };
  }
  return await spool.hold(content.chunks);
}

/** What is longer goes to a disk before it is stored; of a file the size is known, and so that is not needed. */
const SPOOLED_BYTES = 4 * 1024 * 1024;
const ZEROS = new Uint8Array(1 << 16);

/** What is missing at the end is zeros, what came to it is left out: the size was announced. */
async function* fitted(chunks: Chunks, entry: Entry, tally: Tally): AsyncGenerator<Uint8Array> {
  let left = entry.sizeBytes;
  let changed = false;
  for await (const chunk of chunks) {
    changed ||= chunk.length > left;
    const part = chunk.subarray(0, left);
    left -= part.length;
    // What comes after reads ahead, and the source may use the same memory again.
    if (part.length > 0) yield new Uint8Array(part);
  }
  if (changed || left > 0) {
    tally.warn({ code: 'entry.changed', path: entry.path, message: 'it changed while it was read' });
  }
  for (; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, left);
}

async function* exactly(chunks: AsyncIterable<Uint8Array>, { path, sizeBytes }: Entry): AsyncGenerator<Uint8Array> {
  let passed = 0;
  for await (const chunk of chunks) {
    passed += chunk.length;
    if (passed > sizeBytes) break;
    // What comes after reads ahead, and the source may use the same memory again.
    yield new Uint8Array(chunk);
  }
  if (passed === sizeBytes) return;
  throw new SuretyError(
    'repository.damaged',
    `${displayName(path)} has not the ${sizeBytes} bytes that its snapshot says`,
  );
}

async function* contentsOf(files: readonly Entry[], { reading, how }: MembersHow): AsyncGenerator<Content> {
  if (files.length > 0) yield* reading.content(files, how);
}

function toTarEntry(entry: Entry, xattrs: readonly Xattr[], more: Partial<TarEntry> = {}): TarEntry {
  const { path, mode, uid, gid, user, group, mtimeNs, linkTarget, deviceNumber } = entry;
  return {
    ...{ name: path, type: entry.type as TarEntry['type'], mode, uid, gid, user, group, mtimeNs, sizeBytes: 0, xattrs },
    ...(linkTarget !== undefined && { linkTarget }),
    ...(deviceNumber !== undefined && { device: splitDevice(deviceNumber) }),
    ...more,
  };
}

/** Which files are one, by device and inode. Grows with those that have several names only. */
class Links {
  readonly #known = new Map<string, { readonly path: string; readonly sizeBytes: number; lost: boolean }>();

  /** The path of the first name, for every other name of a file. */
  register(entry: Entry): string | undefined {
    if (entry.type !== 'file' || entry.links < 2) return undefined;
    const key = `${entry.device}:${entry.inode}`;
    const first = this.#known.get(key);
    // A different size: the names were seen at different moments.
    if (first?.sizeBytes === entry.sizeBytes) return first.path;
    this.#known.set(key, { path: entry.path, sizeBytes: entry.sizeBytes, lost: false });
    return undefined;
  }

  lose({ device, inode }: Entry): void {
    const first = this.#known.get(`${device}:${inode}`);
    if (first !== undefined) first.lost = true;
  }

  isLost({ device, inode }: Entry): boolean {
    return this.#known.get(`${device}:${inode}`)?.lost === true;
  }
}
