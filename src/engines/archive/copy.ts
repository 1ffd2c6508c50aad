/**
 * The verb `copy`: the files of another repository's backup are copied byte for byte, where they are compressed and encrypted as this repository would.
 * The sidecar comes last.
 */
import type { Copying, CopyingHow, CopyResult, Engine, ProgressHow, Snapshot } from '../engine.ts';
import { pacedProgress } from '../paced-progress.ts';
import { type ReservedName, reserveFirst, reserveLeft } from './backup/reserve.ts';
import { confirmLocked } from './confirm-locked.ts';
import { copyFile } from './copy/copy-file.ts';
import { baseName, encodingOf, expandName, LIST_ENDING, SIDECAR_ENDING } from './naming.ts';
import { damaged, type Repository, requireAdopted } from './repository.ts';
import { algorithmOf, parseSidecar, type SidecarDocument } from './sidecar.ts';
import { type Backup, findBackup, type Inventory, takeInventory, toSnapshot } from './sidecars.ts';

/** Undefined for a repository of another kind. */
export async function copyFrom(to: Repository, other: Engine, how: CopyingHow): Promise<Copying | undefined> {
  if (other.traits.kind !== 'archive' || other.inner === undefined) return undefined;
  requireAdopted(to);
  const from = other.inner as Repository;
  return {
    copy: (snapshot, progress) => copyOne({ from, to, ...progress, signal: how.signal, warn: how.warn }, snapshot),
    [Symbol.asyncDispose]: async () => {},
  };
}

interface Working extends ProgressHow {
  readonly from: Repository;
  readonly to: Repository;
  readonly signal: AbortSignal;
  readonly warn: CopyingHow['warn'];
}

async function copyOne(working: Working, { id }: Snapshot): Promise<CopyResult | undefined> {
  const { from, to, signal } = working;
  const backup = await findBackup(from, id, { signal });
  const bytes = await from.store.read(backup.sidecar.stored.key, undefined, { signal });
  const document = parseSidecar(bytes, backup.sidecar.stored.key);
  if (!isStoredAlike(backup, from, to)) return undefined;
  const inventory = await takeInventory(to, { signal });
  const before = inventory.backups.find(({ sidecar }) => isSame(sidecar.snapshot, backup.sidecar.snapshot));
  if (before !== undefined) {
    return { snapshot: before.sidecar.snapshot, already: true, readBytes: 0, storedBytes: 0, files: [] };
  }
  const name = await reserve(to, backup, document, inventory, signal);
  try {
    return await store(working, { backup, document, bytes }, name);
  } finally {
    await name.release();
  }
}

/** Whether this repository would have stored it in the same way. Who can open what is encrypted is known from the configuration only. */
function isStoredAlike({ file }: Backup, from: Repository, to: Repository): boolean {
  const { compression, encrypted } = encodingOf(baseName(file.key));
  const recipients = ({ recipients: keys }: Repository) => keys.toSorted().join();
  if (compression !== to.compression || encrypted !== to.recipients.length > 0) return false;
  return !encrypted || recipients(from) === recipients(to);
}

function isSame(one: Snapshot, other: Snapshot): boolean {
  const facts = ({ time, host, source, recoveryPoint, paths }: Snapshot) =>
    JSON.stringify([time.getTime(), host, source, recoveryPoint, paths]);
  return facts(one) === facts(other);
}

/** The id stays, if nobody has it; that of a copy that was killed is taken over. */
async function reserve(
  to: Repository,
  { sidecar: { id }, file }: Backup,
  { backup_type, source = '', timestamp }: SidecarDocument,
  { names, backups, failures, unreadable }: Inventory,
  signal: AbortSignal,
): Promise<ReservedName> {
  const type = backup_type === 'files' ? 'files' : 'database';
  const facts = { type, source, database: source, time: new Date(timestamp), ext: suffixOf(file.key, id) } as const;
  const { folder } = expandName(to, facts, 1);
  const spokenFor = [...backups.map(({ sidecar }) => sidecar), ...failures, ...unreadable].some((one) => one.id === id);
  const left = spokenFor ? undefined : await reserveLeft(to, { folder, id }, { signal });
  const nameOf = (ordinal: number) => ({ folder, id: ordinal === 1 ? id : `${id}-${ordinal}` });
  return left ?? (await reserveFirst(to, names, nameOf, { signal }));
}

/** What comes after the id in the name of a file: `.sql.gz`. */
function suffixOf(key: string, id: string): string {
  return baseName(key).slice(id.length);
}

interface Original {
  readonly backup: Backup;
  readonly document: SidecarDocument;
  /** The sidecar as it is stored. */
  readonly bytes: Uint8Array;
}

async function store(working: Working, original: Original, name: ReservedName): Promise<CopyResult> {
  const { from, to, signal } = working;
  const { file, all, sidecar } = original.backup;
  const algorithm = algorithmOf(original.document);
  if (algorithm === undefined) throw damaged(sidecar.stored.key, 'checksum is not one that is known');
  const expected = { algorithm, checksum: original.document.checksum };
  const list = all.find((one) => one !== file && baseName(one.key).startsWith(`${sidecar.id}${LIST_ENDING}`));
  if (list === undefined && original.document.file_list != null) {
    throw damaged(
      sidecar.stored.key,
      `the list of files it speaks of, ${original.document.file_list.name}, is missing`,
    );
  }
  const wanted = list === undefined ? [file] : [file, list];
  const totalBytes = wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const tell = pacedProgress(working, to.clock);
  let sizeBytes = 0;
  const onBytes = (count: number): void => {
    sizeBytes += count;
    tell({ phase: 'write', items: 0, sizeBytes, totalBytes: Math.max(totalBytes, sizeBytes) });
  };
  const keys: string[] = [];
  try {
    for (const one of wanted) {
      const key = name.key(suffixOf(one.key, sidecar.id));
      keys.push(key);
      const sum = one === file ? expected : undefined;
      await copyFile({ from: from.store, file: one, to: to.store, key, expected: sum, onBytes }, { signal });
    }
    const text = renamed(original, name.id);
    await to.store.put(name.key(SIDECAR_ENDING), text, { signal, ifAbsent: true });
    await confirmLocked(to, name.key(SIDECAR_ENDING), working);
    const snapshot = toSnapshot(name.id, parseSidecar(text, name.key(SIDECAR_ENDING)));
    return { snapshot, already: false, readBytes: totalBytes, storedBytes: totalBytes, files: keys };
  } catch (error) {
    // A killed copy leaves its files, and the next one goes on from them; one that failed takes them away.
    for (const key of keys) await to.store.delete(key, timeout()).catch(() => undefined);
    throw error;
  }
}

const TIMEOUT_MS = 60_000;

function timeout() {
  return { signal: AbortSignal.timeout(TIMEOUT_MS) };
}

/** The sidecar byte for byte, or with the new names in it. */
function renamed({ backup: { sidecar }, bytes }: Original, id: string): Uint8Array {
  const old = sidecar.id;
  if (id === old) return bytes;
  const fields = JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>;
  const rename = (name: unknown) =>
    typeof name === 'string' && name.startsWith(old) ? id + name.slice(old.length) : name;
  const list = fields.file_list as { readonly name: string } | null | undefined;
  const document = {
    ...fields,
    backup_id: rename(fields.backup_id),
    files_included: (fields.files_included as unknown[]).map(rename),
    ...(list == null ? {} : { file_list: { ...list, name: rename(list.name) } }),
  };
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}
