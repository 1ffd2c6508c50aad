/** Lists the backups: every sidecar is read once, and what no sidecar speaks for is named. */
import { hasCode } from '../../base/errors.ts';
import { eachConcurrently } from '../../base/limit.ts';
import { displayName } from '../../base/names.ts';
import { selectById } from '../../rules/selection.ts';
import type { Stored } from '../../stores/store.ts';
import type { FailedBackup, How, Listing, Snapshot } from '../engine.ts';
import type { ListedSidecar } from './listed-sidecar.ts';
import { baseName, LIST_ENDING, SIDECAR_ENDING } from './naming.ts';
import { isOwnName } from './own-names.ts';
import { damaged, type Repository } from './repository.ts';
import { isFailure, isSuccess, parseSidecar, type SidecarDocument } from './sidecar.ts';

/** One backup that succeeded: its sidecar and its file. */
export interface Backup {
  readonly sidecar: ListedSidecar;
  readonly file: Stored;
  /** All files that have its name: the file, its list, and what others made of them. */
  readonly all: readonly Stored[];
}

export interface Inventory {
  readonly backups: readonly Backup[];
  readonly failures: readonly ListedSidecar[];
  readonly unreadable: readonly { readonly id: string; readonly key: string; readonly error: Error }[];
  /** Files that could be ours, and have no sidecar. */
  readonly orphans: readonly Stored[];
  /** Ids and names without extension that are in use. */
  readonly names: ReadonlySet<string>;
}

const MAX_SIDECAR_BYTES = 64 * 1024 * 1024;
const RESERVED_FOLDER = '.reserved/';

/** A name that a backup under way has taken, or that a forgotten one had: files of this name without a sidecar are ours to remove. */
export function reservationKey(id: string): string {
  return `${RESERVED_FOLDER}${id}`;
}

export function idOfReservation(key: string): string | undefined {
  return key.startsWith(RESERVED_FOLDER) ? key.slice(RESERVED_FOLDER.length) : undefined;
}

/** The id of the backup that a file is of. */
export function idOfFile(key: string): string {
  return baseName(stemOf(key));
}

export async function takeInventory(repository: Repository, how: How): Promise<Inventory> {
  const { store } = repository;
  const sidecars: Stored[] = [];
  const files = new Map<string, Stored[]>();
  for await (const stored of store.list('', how)) {
    if (stored.key.endsWith(SIDECAR_ENDING)) sidecars.push(stored);
    else if (!/^(archive\.json$|logs\/|\.)/.test(stored.key)) addTo(files, stemOf(stored.key), stored);
  }
  const backups: Backup[] = [];
  const failures: ListedSidecar[] = [];
  const unreadable: { id: string; key: string; error: Error }[] = [];
  await eachConcurrently(sidecars, store.traits.connections, how.signal, async (stored, signal) => {
    const stem = stored.key.slice(0, -SIDECAR_ENDING.length);
    const id = baseName(stem);
    try {
      const sidecar = await readListed(repository, stored, { signal });
      const all = filesOf(files, stem);
      if (isSuccess(sidecar.status)) backups.push({ sidecar, file: fileOf(sidecar, all), all });
      else if (isFailure(sidecar.status)) failures.push(sidecar);
    } catch (error) {
      if (hasCode(error, 'store.not-found')) return;
      if (!hasCode(error, 'repository.damaged')) throw error;
      unreadable.push({ id, key: stored.key, error });
    }
  });
  const spokenFor = new Set(sidecars.map(({ key }) => key.slice(0, -SIDECAR_ENDING.length)));
  const orphans = [...files].flatMap(([stem, all]) => (spokenFor.has(stem) ? [] : all.filter(isOwn(repository))));
  const names = new Set([...spokenFor, ...files.keys()].map(baseName));
  const byTime = (left: Backup, right: Backup) => compare(left.sidecar, right.sidecar);
  return { backups: backups.sort(byTime), failures: failures.sort(compare), unreadable, orphans, names };
}

function isOwn(repository: Repository): (stored: Stored) => boolean {
  return ({ key }) => isOwnName(repository, baseName(key)) && !repository.taken.has(idOfFile(key));
}

function compare({ snapshot: left }: ListedSidecar, { snapshot: right }: ListedSidecar): number {
  return left.time.getTime() - right.time.getTime() || (left.id < right.id ? -1 : 1);
}

function addTo(files: Map<string, Stored[]>, stem: string, stored: Stored): void {
  const all = files.get(stem);
  if (all === undefined) files.set(stem, [stored]);
  else all.push(stored);
}

/** The key without extensions: `database/database_20241122_020000`. A name may have dots of its own; see {@link filesOf}. */
function stemOf(key: string): string {
  const folder = key.slice(0, key.length - baseName(key).length);
  const name = baseName(key);
  const list = name.indexOf(LIST_ENDING);
  if (list > 0) return folder + name.slice(0, list);
  return folder + name.replace(/(\.(sql|dump|db|tar|tgz|sqlite3?|[A-Za-z0-9]{1,8}))?(\.(gz|zst|bz2))?(\.age)?$/, '');
}

function filesOf(files: ReadonlyMap<string, Stored[]>, stem: string): readonly Stored[] {
  return files.get(stem) ?? [];
}

/** Where a file was unpacked beside the backup, the one that the sidecar speaks of. */
function fileOf({ stored, filesIncluded, sizeBytes }: ListedSidecar, all: readonly Stored[]): Stored {
  const candidates = all.filter(({ key }) => !key.includes(LIST_ENDING));
  const named = candidates.find(({ key }) => filesIncluded.includes(baseName(key)));
  const file = named ?? candidates.find((one) => one.sizeBytes === sizeBytes) ?? candidates[0];
  if (file === undefined) throw damaged(stored.key, 'the file it speaks of is missing');
  return file;
}

async function readListed(repository: Repository, stored: Stored, how: How): Promise<ListedSidecar> {
  const known = repository.known.get(stored.key);
  const isSame = known?.stored.sizeBytes === stored.sizeBytes;
  if (known !== undefined && isSame && known.stored.modifiedAt.getTime() === stored.modifiedAt.getTime()) return known;
  const sidecar = toListed(stored, await readSidecar(repository, stored, how));
  repository.known.set(stored.key, sidecar);
  return sidecar;
}

export async function readSidecar({ store }: Repository, stored: Stored, how: How): Promise<SidecarDocument> {
  if (stored.sizeBytes > MAX_SIDECAR_BYTES) throw damaged(stored.key, 'it is too large');
  return parseSidecar(await store.read(stored.key, undefined, how), stored.key);
}

function toListed(stored: Stored, document: SidecarDocument): ListedSidecar {
  const id = baseName(stored.key).slice(0, -SIDECAR_ENDING.length);
  return {
    ...{ stored, id, snapshot: toSnapshot(id, document) },
    status: document.status,
    message: (document.error_message ?? '').split('\n').map(displayName).join('\n'),
    sizeBytes: document.size_bytes,
    filesIncluded: document.files_included,
  };
}

/** What another program wrote has no host and no source. */
export function toSnapshot(id: string, document: SidecarDocument): Snapshot {
  return {
    id,
    time: new Date(document.timestamp),
    host: document.host ?? '',
    paths: document.paths ?? [document.backup_type],
    tags: document.tags ?? [],
    user: document.user ?? '',
    source: document.source ?? '',
    recoveryPoint: document.recovery_point ?? '',
    tree: '',
    stats: document.stats,
    program: document.program ?? '',
  };
}

export async function listSnapshots(repository: Repository, how: How): Promise<Listing> {
  const { backups, failures, unreadable, orphans } = await takeInventory(repository, how);
  return {
    snapshots: backups.map(({ sidecar }) => sidecar.snapshot),
    unreadable: unreadable.map(({ id, error }) => ({ id, error })),
    failures: failures.map(toFailure),
    incomplete: orphans.map(({ key }) => key).sort(),
  };
}

function toFailure({ id, snapshot, message }: ListedSidecar): FailedBackup {
  return { id, time: snapshot.time, source: snapshot.source, message };
}

/** The one backup whose id begins with `prefix`. Throws `snapshot.unknown` or `snapshot.ambiguous`. */
export async function findSnapshot(repository: Repository, prefix: string, how: How): Promise<Snapshot> {
  const { snapshots } = await listSnapshots(repository, how);
  return selectById(snapshots, prefix);
}

/** The files of a snapshot that was listed. Throws `snapshot.unknown` when it is gone, and the error of one that can not be read. */
export async function findBackup(repository: Repository, id: string, how: How): Promise<Backup> {
  const { backups, unreadable } = await takeInventory(repository, how);
  const found = backups.find(({ sidecar }) => sidecar.id === id);
  if (found !== undefined) return found;
  throw unreadable.find((one) => one.id === id)?.error ?? unknown(backups, id);
}

function unknown(backups: readonly Backup[], id: string): unknown {
  try {
    return selectById(
      backups.map(({ sidecar }) => sidecar.snapshot).filter((one) => !one.id.startsWith(id)),
      id,
    );
  } catch (error) {
    return error;
  }
}
