import { SuretyError } from '../../../base/errors.ts';
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

/** The longest word of a command line is 128 KiB, and borg repeats it in its answer, of which 64 KiB are kept. */
const MAX_COMMENT_CHARACTERS = 50_000;

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
  const text = encodeComment(comment);
  if (text.length > MAX_COMMENT_CHARACTERS) {
    throw new SuretyError('repository.failed', `source ${how.source} has too many paths for an archive of borg`, {
      hint: 'name folders that hold several of them',
    });
  }
  const options = [
    ...['--json', '--progress', '--compression', repository.compression],
    ...['--timestamp', how.startedAt.toISOString().slice(0, 19)],
    ...['--comment', text],
  ];
  return { options, archive: archiveArgument(name) };
}

/** Ends the reading: what is in the first line of the document. */
export async function finishReading({ repository, reading, how, tally }: Backing): Promise<SnapshotFacts> {
  const facts: SourceFacts = await reading.finish();
  how.signal.throwIfAborted();
  tally.flush();
  const { source, recoveryPoint } = how;
  const own = { source, host: reading.host, recoveryPoint, program: repository.writer, warnings: tally.warnings };
  return { ...facts, ...own };
}
