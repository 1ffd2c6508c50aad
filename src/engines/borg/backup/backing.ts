import type { Reading, SourceFacts } from '../../../sources/source.ts';
import type { BackupHow, BackupStats, SnapshotFacts } from '../../engine.ts';
import { type CommentDocument, encodeComment } from '../comment.ts';
import { archiveArgument } from '../naming.ts';
import type { Repository } from '../repository.ts';
import type { BorgEnd } from '../run.ts';
import type { BorgTally } from './borg-tally.ts';

/** What one backup works with. */
export interface Backing {
  readonly repository: Repository;
  readonly reading: Reading;
  readonly how: BackupHow;
  /** Of the archive. */
  readonly name: string;
  readonly tally: BorgTally;
  /** A private one, for the document. */
  readonly folder: string;
}

/** An archive that was made. */
export interface Made {
  readonly end: BorgEnd;
  /** Without what only borg knows. */
  readonly stats: BackupStats;
  readonly facts: SnapshotFacts;
  /** Where in the archive the document is. */
  readonly documentPath: string;
}

/** Options that all ways of making an archive have, and its name. */
export function createArguments(
  { repository, how, reading, name }: Backing,
  documentPath: string,
): { readonly options: readonly string[]; readonly archive: string } {
  const comment: CommentDocument = {
    surety: 1,
    ...{ source: how.source, host: reading.host, paths: reading.paths, tags: how.tags },
    ...{ recoveryPoint: how.recoveryPoint, time: how.startedAt.toISOString() },
    ...{ user: repository.user, program: repository.writer, document: documentPath },
  };
  const options = [
    ...['--json', '--progress', '--compression', repository.compression],
    ...['--timestamp', how.startedAt.toISOString().slice(0, 19)],
    ...['--comment', encodeComment(comment)],
  ];
  return { options, archive: archiveArgument(name) };
}

/** Ends the reading: what is in the first line of the document. */
export async function finishReading({ repository, reading, how, tally }: Backing): Promise<SnapshotFacts> {
  const facts: SourceFacts = await reading.finish();
  how.signal.throwIfAborted();
  const { source, recoveryPoint } = how;
  const own = { source, host: reading.host, recoveryPoint, program: repository.writer, warnings: tally.warnings };
  return { ...facts, ...own };
}
