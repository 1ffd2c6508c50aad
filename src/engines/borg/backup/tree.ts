/**
 * A tree on this machine: borg reads it itself, by the paths that the source lists, and opens no file that its files cache knows as
 * unchanged. Paths are told on its stdin, one after another, as the source finds them.
 */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeName } from '../../../base/names.ts';
import { type Entry, RESERVED_NAME, type ReadingTree } from '../../../sources/source.ts';
import type { SnapshotFacts } from '../../engine.ts';
import { toRecord } from '../../entry-record.ts';
import { LineSpool } from '../../line-spool.ts';
import type { DocumentHead, DocumentRecord } from '../held-entry.ts';
import { borgRun } from '../run.ts';
import { type Backing, createArguments, finishReading, type Made } from './backing.ts';
import { type StoredPaths, storedPaths } from './stored-paths.ts';

/** borg takes its stdin in blocks of so many characters, and works on what ends in one. */
const BLOCK_CHARACTERS = 8192;

export async function createFromTree(backing: Backing, tree: ReadingTree): Promise<Made> {
  const { repository, reading, how, tally, folder } = backing;
  const entries = reading.entries()[Symbol.asyncIterator]();
  const first = await entries.next();
  const head = first.done === true ? [] : first.value;
  const paths = storedPaths(tree, reading.paths, head, folder);
  await using records = new LineSpool<DocumentRecord>();
  const passed = new EventTarget();
  const gone = new AbortController();
  /** No file: borg says so as soon as it has come so far. */
  const mark = join(folder, 'end-of-paths');
  const documentPath = paths.storedPath(join(folder, RESERVED_NAME));
  const made: { facts?: SnapshotFacts; sizeBytes: number } = { sizeBytes: 0 };

  async function* stdin(): AsyncGenerator<Uint8Array> {
    try {
      for (let batch = head; ; ) {
        yield await pathsOf(batch, paths, backing, records, made);
        const next = await entries.next();
        if (next.done === true) break;
        batch = next.value;
      }
    } finally {
      await entries.return?.();
    }
    const isPassed = once(passed, 'passed', { signal: AbortSignal.any([how.signal, gone.signal]) });
    // Slashes at the beginning of a path mean nothing: they fill the block.
    yield Buffer.concat([encodeName(`${mark}\0`), Buffer.from(paths.padding(BLOCK_CHARACTERS))]);
    await isPassed;
    made.facts = await finishReading(backing);
    const lines: DocumentHead = {
      facts: made.facts,
      ...(paths.aliases.size > 0 && { stored_as: Object.fromEntries(paths.aliases) }),
    };
    const document = [Buffer.from(`${JSON.stringify(lines)}\n`)];
    for await (const chunk of records.bytes()) document.push(Buffer.from(chunk));
    await writeFile(join(folder, RESERVED_NAME), Buffer.concat(document), { mode: 0o600 });
    yield encodeName(`${paths.afterPadding(RESERVED_NAME)}\0`);
  }

  const { options, archive } = createArguments(backing, documentPath);
  const cache = how.force === true ? ['--files-cache', 'disabled'] : [];
  const args = ['create', ...options, ...cache, '--list', '--paths-from-stdin', '--paths-delimiter', '\\0', archive];
  const running = borgRun(repository, args, {
    signal: how.signal,
    doing: `backup of ${how.source}`,
    stdin: stdin(),
    cwd: paths.workingFolder,
    // Each source has files of its own in it: else those of one grow too old while the others are backed up.
    env: { BORG_FILES_CACHE_SUFFIX: cacheSuffix(how.source, reading.host) },
    told: (message) => {
      if (message.type === 'file_status' && message.path === mark) passed.dispatchEvent(new Event('passed'));
      tally.told(message, (stored) => (stored === mark ? undefined : paths.entryPath(stored)));
    },
  });
  // Nothing is waited for that a borg which has ended could say.
  const end = await running.finally(() => gone.abort());
  return { end, stats: statsOf(backing, made.sizeBytes), facts: made.facts!, documentPath };
}

/** borg keeps times from 1970 to 2038 less two days; any other is moved to the nearest of these. */
function isBeyondBorg(mtimeNs: bigint): boolean {
  return mtimeNs < 0n || mtimeNs > LAST_NS;
}

const LAST_NS = (2n ** 31n - 1n - 48n * 3600n) * 1_000_000_000n;

function cacheSuffix(source: string, host: string): string {
  return `${source}@${host}`.replaceAll(/[^A-Za-z0-9@._-]/g, '_');
}

/** What borg is told of a batch. What borg can not keep goes into the document. */
async function pathsOf(
  batch: readonly Entry[],
  paths: StoredPaths,
  { reading, how, tally }: Backing,
  records: LineSpool<DocumentRecord>,
  made: { sizeBytes: number },
): Promise<Buffer> {
  how.signal.throwIfAborted();
  const words: Buffer[] = [];
  for (const entry of batch) {
    // Nothing could be restored of a socket.
    if (entry.type === 'socket') continue;
    const place = paths.place(entry);
    if (place.word !== undefined) words.push(encodeName(`${place.word}\0`));
    if (place.word === undefined || place.isAlias || isBeyondBorg(entry.mtimeNs)) {
      const [xattrs = []] = await reading.xattrs([entry]);
      await records.add({
        ...toRecord(entry, xattrs),
        ...(entry.type === 'file' && entry.links > 1 && { linked: true }),
      });
    }
    if (entry.type === 'dir') tally.dir();
    else if (entry.type === 'file') {
      tally.file(entry.path, entry.sizeBytes);
      made.sizeBytes += entry.sizeBytes;
    } else tally.other();
  }
  return Buffer.concat(words);
}

/** borg says of each file whether it knew it. A name of a file that has others is none of its files. */
function statsOf({ tally }: Backing, sizeBytes: number) {
  const { A: filesNew, M: filesChanged, U: filesUnmodified } = tally.counted;
  // The document is always new.
  return { ...tally.stats(0), filesNew: Math.max(0, filesNew - 1), filesChanged, filesUnmodified, sizeBytes };
}
