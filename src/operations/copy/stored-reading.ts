/** A snapshot as a source: what one repository hands out, another one backs up. Nothing is kept in between. */
import { collectBytes } from '../../base/streams.ts';
import type { Engine, Snapshot } from '../../engines/engine.ts';
import type {
  Content,
  ContentHow,
  Entry,
  Reading,
  RestoredEntry,
  Restoring,
  SourceFacts,
  Xattr,
} from '../../sources/source.ts';

/** Of what another program wrote nothing is recorded. */
const FOREIGN_KIND = 'files';

export interface StoredReading extends Reading {
  /** What the source recorded when it was read, as far as it is known. */
  readonly facts: SourceFacts;
}

/** Throws what `restore` throws when something of the snapshot is not there; what turns out damaged later fails as it is read. */
export async function readStored(
  engine: Engine,
  snapshot: Snapshot,
  how: { readonly signal: AbortSignal },
): Promise<StoredReading> {
  const restoring = await engine.restore(snapshot, { signal: how.signal });
  const { stats } = snapshot;
  const files = stats === undefined ? 0 : stats.filesNew + stats.filesChanged + stats.filesUnmodified;
  const known = { kind: FOREIGN_KIND, versions: {}, files, sizeBytes: stats?.sizeBytes ?? 0 };
  const facts = restoring.facts ?? known;
  return {
    facts,
    host: snapshot.host,
    paths: snapshot.paths,
    entries: () => restoring.entries(),
    xattrs: (entries) => entries.map(xattrsOf),
    content: (entries, contentHow) => contents(restoring, entries, isRandom(engine), contentHow),
    finish: async () => facts,
    [Symbol.asyncDispose]: () => restoring[Symbol.asyncDispose](),
  };
}

/** Of an archive, files are had one after another. */
function isRandom({ traits }: Engine): boolean {
  return traits.deduplicates && traits.readsInOrder !== true;
}

/** Readers hand back the entries that they were given. */
function restored(entry: Entry): RestoredEntry {
  return entry as RestoredEntry;
}

function xattrsOf(entry: Entry): readonly Xattr[] {
  return restored(entry).xattrs;
}

/** Small files are read ahead where any of them can be had at any time: from far away, each costs a while. */
const SMALL_BYTES = 1 << 20;
const AHEAD_FILES = 16;
const AHEAD_BYTES = 8 << 20;

async function* contents(
  restoring: Restoring,
  entries: readonly Entry[],
  isAnyTime: boolean,
  how: ContentHow,
): AsyncGenerator<Content> {
  const ahead = new Map<Entry, Promise<Uint8Array>>();
  let next = 0;
  let waitingBytes = 0;
  const begin = (at: number): void => {
    for (; isAnyTime && next < Math.min(entries.length, at + AHEAD_FILES) && waitingBytes < AHEAD_BYTES; next++) {
      const entry = entries[next]!;
      if (entry.sizeBytes > SMALL_BYTES) continue;
      waitingBytes += entry.sizeBytes;
      const bytes = collectBytes(restoring.stream(restored(entry), how));
      // It may fail before anybody waits for it.
      bytes.catch(() => {});
      ahead.set(entry, bytes);
    }
  };
  for (const [at, entry] of entries.entries()) {
    begin(at);
    const bytes = ahead.get(entry);
    yield { kind: 'stream', chunks: bytes === undefined ? restoring.stream(restored(entry), how) : whole(bytes) };
    if (ahead.delete(entry)) waitingBytes -= entry.sizeBytes;
    next = Math.max(next, at + 1);
  }
}

async function* whole(bytes: Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield await bytes;
}
