/** Where the content of what is lost may be had: other repositories of the configuration, and the sources themselves. */
import { constants, createReadStream } from 'node:fs';
import { systemPath } from '../base/names.ts';
import type { HealFrom, How, OfferedContent, Snapshot, SnapshotFacts, WantedContents } from '../engines/engine.ts';
import { BATCH_ENTRIES, type Content, type Entry, RESERVED_NAME } from '../sources/source.ts';
import type { RepositoryHandle, SourceHandle } from './handles.ts';
import { samenessKey } from './same-snapshot.ts';

/** Another repository of any kind. What is of the same kind may give more than the content of files. */
export function repositoryPlace(repository: RepositoryHandle): HealFrom {
  let listed: Promise<readonly Snapshot[]> | undefined;
  return {
    name: `repository ${repository.name}`,
    open: (how) => repository.open(how),
    async *contents(wanted, how) {
      const engine = await repository.open(how);
      listed ??= engine.list(how).then(({ snapshots }) => snapshots);
      const copy = (await listed).findLast((one) => samenessKey(one) === samenessKey(wanted.snapshot));
      if (copy === undefined) return;
      if (wanted.files.has(RESERVED_NAME)) {
        const facts = await engine.facts(copy, how).catch(() => undefined);
        if (facts !== undefined) yield { path: RESERVED_NAME, chunks: once(recorded(facts)) };
      }
      // What is lost there as well fails when it is asked for; the rest can be had.
      await using restoring = await engine.restore(copy, { ...how, onLost: () => {} });
      for await (const batch of restoring.entries()) {
        for (const entry of batch) {
          if (entry.type !== 'file' || !wanted.files.has(entry.path)) continue;
          yield { path: entry.path, chunks: tolerant(restoring.stream(entry, how), how) };
        }
      }
    },
  };
}

/** As the engines write it; the recovery point stands elsewhere. */
function recorded({ recoveryPoint: _, ...facts }: SnapshotFacts): Uint8Array {
  return Buffer.from(`${JSON.stringify(facts)}\n`);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** One file that is damaged there too ends where the damage begins, and the next one is asked for. */
async function* tolerant(chunks: AsyncIterable<Uint8Array>, { signal }: How): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Error && 'code' in error && error.code === 'repository.damaged')) throw error;
  }
}

/**
 * A source as it is now: what has not changed since is what was backed up, and of a file that has, some pieces may be what they were. Only
 * where there are files: a dump made now is another one.
 */
export function sourcePlace(source: SourceHandle): HealFrom | undefined {
  if (source.kind !== 'files') return undefined;
  const offered = new Set<string>();
  return {
    name: `source ${source.name}`,
    async *contents(wanted, how) {
      if (wanted.snapshot.source !== source.name) return;
      const fresh = freshOnes(wanted, offered);
      if (fresh.size === 0) return;
      yield* readSource(source, wanted.snapshot, fresh, how);
    },
  };
}

/** Paths that were not asked for in this version: an older one may have other pieces in common with what is there now. */
function freshOnes({ files }: WantedContents, offered: Set<string>): Set<string> {
  const fresh = new Set<string>();
  for (const [path, { sizeBytes, mtimeNs }] of files) {
    const version = `${mtimeNs} ${sizeBytes} ${path}`;
    if (offered.has(version)) continue;
    offered.add(version);
    fresh.add(path);
  }
  return fresh;
}

async function* readSource(
  source: SourceHandle,
  snapshot: Snapshot,
  paths: ReadonlySet<string>,
  { signal }: How,
): AsyncGenerator<OfferedContent> {
  const opened = await source.open({ signal });
  await using reading = await opened.read({ signal, warn: () => {}, look: true });
  if (reading.host !== snapshot.host) return;
  const entries: Entry[] = [];
  for await (const batch of reading.entries())
    for (const entry of batch) if (entry.type === 'file' && paths.has(entry.path)) entries.push(entry);
  for (let at = 0; at < entries.length; at += BATCH_ENTRIES) {
    const batch = entries.slice(at, at + BATCH_ENTRIES);
    let next = 0;
    for await (const content of reading.content(batch, { signal })) {
      const { path } = batch[next++]!;
      if (content.kind !== 'gone') yield* offer(path, content);
    }
  }
  if (!paths.has(RESERVED_NAME)) return;
  const facts = await reading.finish().catch(() => undefined);
  // Of an unchanged source that was read without a warning.
  if (facts === undefined) return;
  const { source: name, host, program, recoveryPoint } = snapshot;
  yield {
    path: RESERVED_NAME,
    chunks: once(recorded({ ...facts, source: name, host, program, warnings: 0, recoveryPoint })),
  };
}

/** A stream is read to its end before the next one is asked for, however little of it is needed. */
async function* offer(path: string, content: Exclude<Content, { kind: 'gone' }>): AsyncGenerator<OfferedContent> {
  if (content.kind === 'path') {
    yield { path, chunks: fileChunks(content.path) };
    return;
  }
  const chunks = content.chunks[Symbol.asyncIterator]();
  const rest = { [Symbol.asyncIterator]: () => ({ next: () => chunks.next() }) };
  yield { path, chunks: rest };
  for await (const _ of rest);
}

// A path may have become a link or a pipe since it was listed.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** A file that is gone by now, or that may not be read, has nothing to offer. */
async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(systemPath(path), { flags: FLAGS as never, highWaterMark: 1024 * 1024 });
  } catch {
    // Another place may have it.
  }
}
