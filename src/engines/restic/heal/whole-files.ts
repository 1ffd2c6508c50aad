/** Heals files that are not made of blobs: snapshots, and whatever a copy of the same repository has under the same name. */
import { hasCode } from '../../../base/errors.ts';
import { eachConcurrently } from '../../../base/limit.ts';
import type { How } from '../../engine.ts';
import { decodeSnapshot, encodeSnapshot } from '../format/snapshot.ts';
import { type FileKind, keyOf, type Repository } from '../repository.ts';
import { sha256Hex } from '../sha256.ts';
import type { Ours } from './healing.ts';
import { isTwin, type Sibling } from './sibling.ts';

export interface FileWork {
  readonly repository: Repository;
  readonly dryRun: boolean;
  readonly ours: Ours;
  /** Told of each file that was stored, with its size. */
  readonly healed: (from: string, key: string, sizeBytes: number) => void;
}

/** Takes a file from a copy of the same repository: its name is the SHA-256 of its bytes. Returns whether one had it whole. */
export async function takeFromTwin(
  { repository, dryRun, ours, healed }: FileWork,
  kind: FileKind,
  id: string,
  { name, repository: twin }: Sibling,
  how: How,
): Promise<boolean> {
  if (!isTwin(repository, twin)) return false;
  const key = keyOf(kind, id);
  const bytes = await readOrNot(twin, key, how);
  if (bytes === undefined || sha256Hex(bytes) !== id) return false;
  if (!dryRun) await ours(repository.store.put(key, bytes, how));
  healed(name, key, bytes.length);
  return true;
}

async function readOrNot(from: Repository, key: string, how: How): Promise<Uint8Array | undefined> {
  try {
    return await from.store.read(key, undefined, how);
  } catch (error) {
    if (hasCode(error, 'store.not-found', 'store.incomplete')) return undefined;
    throw error;
  }
}

/**
 * Makes snapshots anew whose file is damaged, as copies of their copies: a copy names the id of its original, and has all else of it. They get another id,
 * and keep the first as `original`. Takes them out of `ids`.
 */
export async function takeFromCopies(
  { repository, dryRun, ours, healed }: FileWork,
  ids: Set<string>,
  { name, repository: from }: Sibling,
  how: How,
): Promise<void> {
  const files = await from.files('snapshots', how);
  await eachConcurrently(files, from.store.traits.connections, how.signal, async ({ id }, signal) => {
    const document = await readDocument(from, id, { signal });
    const original = document?.original;
    if (document === undefined || original === undefined || !ids.delete(original)) return;
    const json = encodeSnapshot({ ...document, parent: undefined });
    if (!dryRun) {
      await ours(repository.writeUnpacked('snapshots', json, how));
      await ours(repository.deleteFile('snapshots', original, how));
    }
    healed(name, keyOf('snapshots', original), json.length);
  });
}

async function readDocument(from: Repository, id: string, how: How) {
  try {
    return decodeSnapshot(await from.readUnpacked('snapshots', id, how), keyOf('snapshots', id));
  } catch (error) {
    if (hasCode(error, 'repository.damaged', 'store.not-found')) return undefined;
    throw error;
  }
}
