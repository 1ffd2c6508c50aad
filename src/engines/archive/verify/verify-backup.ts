/** Checks one backup. */
import { hasCode, messageOf } from '../../../base/errors.ts';
import { displayName } from '../../../base/names.ts';
import { openEnds } from '../../../rules/dump-ends.ts';
import { dumpProblem } from '../../../rules/dump-trailer.ts';
import type { How, Problem } from '../../engine.ts';
import { CheckedBytes } from '../checked-bytes.ts';
import { baseName, encodingOf, LIST_ENDING } from '../naming.ts';
import type { Repository } from '../repository.ts';
import { findLinked } from '../restore/links.ts';
import { compare, containerOf, scan } from '../restore/scan.ts';
import { algorithmOf, type SidecarDocument } from '../sidecar.ts';
import { type Backup, readSidecar } from '../sidecars.ts';
import { compareList } from './compare-list.ts';

export interface BackupVerified {
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
  readonly readBytes: number;
}

const AFFECTED = 10;

/** With `read` false, all that can be told without reading the file. */
export async function verifyBackup(
  repository: Repository,
  backup: Backup,
  read: boolean,
  how: How,
): Promise<BackupVerified> {
  const { sidecar, file, all } = backup;
  let document: SidecarDocument;
  try {
    document = await readSidecar(repository, sidecar.stored, how);
  } catch (error) {
    if (!hasCode(error, 'repository.damaged', 'store.not-found')) throw error;
    return only(problem(backup, 'metadata.damaged', sidecar.stored.key, error));
  }
  const listName = document.file_list?.name;
  if (listName !== undefined && !all.some(({ key }) => baseName(key) === listName)) {
    const message = `the list of files ${listName} is missing`;
    return only(problem(backup, 'metadata.damaged', sidecar.stored.key, new Error(message)));
  }
  if (document.size_bytes !== file.sizeBytes) {
    return only(problem(backup, 'archive.damaged', file.key, compareSize(document, backup)));
  }
  if (!read) return { problems: [], notes: [], readBytes: 0 };
  const isClosed = encodingOf(baseName(file.key)).encrypted && repository.identity === undefined;
  return isClosed
    ? await verifyBytes(repository, backup, document, how)
    : await verifyContent(repository, backup, document, how);
}

function compareSize(document: SidecarDocument, { file }: Backup): Error {
  return compare(document, { key: file.key, sizeBytes: file.sizeBytes, checksum: '' })!;
}

/** Without the secret key nobody can look into the file; its bytes are compared all the same. */
async function verifyBytes(
  { store }: Repository,
  backup: Backup,
  document: SidecarDocument,
  how: How,
): Promise<BackupVerified> {
  const { key } = backup.file;
  const checked = new CheckedBytes(store.stream(key, undefined, how), algorithmOf(document) ?? 'sha256');
  const found = await checked.finish();
  const error = compare(document, { key, ...found });
  const note = 'encrypted backups: stored bytes are compared, what is in them is not, since no identity is configured';
  const problems = error === undefined ? [] : [problem(backup, 'archive.damaged', key, error)];
  return { problems, notes: [note], readBytes: found.sizeBytes };
}

async function verifyContent(
  repository: Repository,
  backup: Backup,
  document: SidecarDocument,
  how: How,
): Promise<BackupVerified> {
  const { key } = backup.file;
  const ends = openEnds();
  await using list = await compareList(repository, backup, document, how);
  const {
    problem: error,
    records,
    readBytes,
  } = await scan(repository, backup, document, {
    ...how,
    onFile: (file) => list.seen(file),
    onBytes: (chunk) => ends.add(chunk),
  });
  await using _ = records;
  let failure = error;
  try {
    if (failure === undefined) await findLinked(records, key);
  } catch (linkError) {
    failure = linkError;
  }
  const affected = await list.differing(AFFECTED);
  if (failure !== undefined) return { ...only(problem(backup, 'archive.damaged', key, failure, affected)), readBytes };
  if (list.error !== undefined) {
    const listKey = backup.all.find((one) => one.key.includes(LIST_ENDING))?.key ?? backup.sidecar.stored.key;
    return { ...only(problem(backup, 'metadata.damaged', listKey, list.error)), readBytes };
  }
  if (affected.length > 0) {
    const message = `${key} does not hold what was recorded: ${affected.slice(0, 3).map(displayName).join(', ')}`;
    return { ...only(problem(backup, 'archive.damaged', key, new Error(message), affected)), readBytes };
  }
  const dump = isDump(document, key) ? dumpProblem(ends.ends()) : undefined;
  if (dump === undefined) return { problems: [], notes: [], readBytes };
  return { ...only(problem(backup, 'archive.damaged', key, new Error(`the dump in ${key} ${dump}`))), readBytes };
}

/** Of what a command says nobody knows how it ends, and a file of SQLite is no dump. */
function isDump(document: SidecarDocument, key: string): boolean {
  if (containerOf(document, key) !== 'single') return false;
  return document.kind === undefined ? key.includes('.sql') : !['sqlite', 'command'].includes(document.kind);
}

function only(problem: Problem): BackupVerified {
  return { problems: [problem], notes: [], readBytes: 0 };
}

/** Nothing of a backup is restored while its checksum does not fit: `paths` are those that are known to be lost. */
function problem(
  { sidecar }: Backup,
  code: string,
  key: string,
  error: unknown,
  paths: readonly string[] = [],
): Problem {
  const affects = (paths.length === 0 ? [''] : paths).map((path) => ({ snapshot: sidecar.id, path }));
  return { code, key, message: messageOf(error), affects };
}
