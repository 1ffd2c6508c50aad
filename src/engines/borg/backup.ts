/**
 * Backs up one reading. borg makes an archive known at its very end, when it was given everything: the source has had its say before that,
 * so an archive of this name is whole. What a killed run leaves is called a checkpoint by borg, and is none.
 */
import { temporaryFolder } from '../../base/environment.ts';
import { SuretyError } from '../../base/errors.ts';
import { openPrivateFolder } from '../../base/private-folder.ts';
import { temporaryFailure } from '../../base/temporary-failure.ts';
import type { Reading } from '../../sources/source.ts';
import type { BackupHow, BackupResult, BackupStats, Snapshot } from '../engine.ts';
import { shapeOf } from '../shape.ts';
import type { Backing, Made } from './backup/backing.ts';
import { startBorgTally } from './backup/borg-tally.ts';
import { archiveName } from './naming.ts';
import type { Repository } from './repository.ts';
import type { BorgEnd } from './run.ts';

/** Throws what the reading throws; then there is no archive. */
export async function backup(repository: Repository, reading: Reading, how: BackupHow): Promise<BackupResult> {
  how.signal.throwIfAborted();
  await using folder = await openPrivateFolder('borg', temporaryFolder()).catch((error: unknown) => {
    throw temporaryFailure(error, { full: 'store.full', failed: 'store.failed' });
  });
  const name = archiveName(how.source, reading.host, how.startedAt, repository.names);
  repository.names.add(name);
  repository.known.forget();
  const tally = startBorgTally(how, repository.clock);
  const backing: Backing = { repository, reading, how, name, tally, folder: folder.path };
  const made = await make(backing);
  how.signal.throwIfAborted();
  const archive = parseEnd(made.end);
  repository.documents.set(archive.id, made.documentPath);
  const stats = statsOf(made.stats, archive);
  return { snapshot: { ...toSnapshot(backing, archive), stats }, stats, facts: made.facts };
}

async function make(backing: Backing): Promise<Made> {
  const { reading, how } = backing;
  if (reading.tree !== undefined && reading.tree.shell === undefined) {
    return await (await import('./backup/tree.ts')).createFromTree(backing, reading.tree);
  }
  const shape = await shapeOf(reading, how.kind === 'files');
  if (shape.container === 'single') return await (await import('./backup/single.ts')).createFromStream(backing, shape);
  return await (await import('./backup/tar.ts')).createFromTar(backing, shape.batches);
}

interface EndedArchive {
  readonly id: string;
  readonly stats: {
    readonly original_size: number;
    readonly compressed_size: number;
    readonly deduplicated_size: number;
  };
}

function parseEnd({ output }: BorgEnd): EndedArchive {
  try {
    const { archive } = JSON.parse(output.slice(output.indexOf('{'))) as { archive: EndedArchive };
    if (typeof archive.id === 'string' && typeof archive.stats.original_size === 'number') return archive;
  } catch {
    // Said below.
  }
  throw new SuretyError('repository.failed', 'borg did not say what it stored', {
    hint: 'Surety works with borg 1.2 and 1.4',
  });
}

/** borg tells what is new as it is stored only: before compression it is taken to be in the same proportion as all. */
function statsOf(counted: BackupStats, { stats }: EndedArchive): BackupStats {
  const { original_size: original, compressed_size: compressed, deduplicated_size: storedBytes } = stats;
  const addedBytes = compressed === 0 ? 0 : Math.round((storedBytes * original) / compressed);
  return { ...counted, addedBytes, storedBytes };
}

function toSnapshot({ repository, reading, how, name }: Backing, { id }: EndedArchive): Snapshot {
  return {
    id,
    time: how.startedAt,
    ...{ host: reading.host, paths: reading.paths, tags: how.tags, user: repository.user },
    ...{ source: how.source, recoveryPoint: how.recoveryPoint, tree: name, program: repository.writer },
  };
}
