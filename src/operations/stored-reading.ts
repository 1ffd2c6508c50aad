/** A snapshot as a source: what one repository hands out, another one backs up. Nothing is kept in between. */
import type { Engine, Snapshot } from '../engines/engine.ts';
import type {
  Content,
  ContentHow,
  Entry,
  Reading,
  RestoredEntry,
  Restoring,
  SourceFacts,
  Xattr,
} from '../sources/source.ts';

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
    content: (entries, contentHow) => contents(restoring, entries, contentHow),
    finish: async () => facts,
    [Symbol.asyncDispose]: () => restoring[Symbol.asyncDispose](),
  };
}

/** Readers hand back the entries that they were given. */
function restored(entry: Entry): RestoredEntry {
  return entry as RestoredEntry;
}

function xattrsOf(entry: Entry): readonly Xattr[] {
  return restored(entry).xattrs;
}

function* contents(restoring: Restoring, entries: readonly Entry[], how: ContentHow): Generator<Content> {
  for (const entry of entries) yield { kind: 'stream', chunks: restoring.stream(restored(entry), how) };
}
