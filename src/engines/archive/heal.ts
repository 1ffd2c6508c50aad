/**
 * The verb `heal`: a file of a backup that is damaged or missing is replaced by that of another repository, where it is byte for byte the one that the
 * metadata speak of. The bytes are checked on their way, and take the place of the damaged ones in one step when all of them turned out right.
 */
import { createHash } from 'node:crypto';
import { hasCode, messageOf } from '../../base/errors.ts';
import type { Healed, HealHow, HealReport, How, Problem } from '../engine.ts';
import { pacedProgress } from '../paced-progress.ts';
import { checkedContent } from './copy/copy-file.ts';
import { baseName, LIST_ENDING, SIDECAR_ENDING } from './naming.ts';
import type { Repository } from './repository.ts';
import { algorithmOf, parseSidecar, type SidecarDocument } from './sidecar.ts';
import { type Backup, readSidecar, takeInventory } from './sidecars.ts';
import { verify } from './verify.ts';

const HINT = 'no other repository has these very bytes: take it away with surety forget, and copy or back up again';

export async function heal(repository: Repository, how: HealHow): Promise<HealReport> {
  const { signal, suspects: files, dryRun, warn } = how;
  const places = await openPlaces(how);
  const { problems } = await verify(repository, { signal, depth: 'data', subset: { files } });
  const healed = new Map<string, Healed>();
  const lost: Problem[] = [];
  const added: string[] = [];
  const tell = pacedProgress(how, repository.clock);
  for (const [items, problem] of problems.entries()) {
    tell({ phase: 'write', items, totalItems: problems.length, sizeBytes: 0, current: problem.key });
    let stored: readonly Put[] | undefined;
    for (const { name, from } of places) {
      const work: Work = { repository, from, dryRun, failures: [] };
      try {
        stored = await healBackup(work, problem, how);
      } catch (error) {
        signal.throwIfAborted();
        // Another place does not make a full disk go away.
        if (work.failures.length > 0) throw error;
        warn({ code: 'heal.passed-over', path: '', message: `${name} can not be used: ${messageOf(error)}` });
      }
      if (stored === undefined) continue;
      const known = healed.get(name) ?? { from: name, files: 0, blobs: 0, sizeBytes: 0 };
      const sizeBytes = stored.reduce((sum, one) => sum + one.sizeBytes, known.sizeBytes);
      healed.set(name, { ...known, files: known.files + stored.length, sizeBytes });
      if (!dryRun) added.push(...stored.map(({ key }) => key));
      break;
    }
    if (stored === undefined) lost.push(problem);
  }
  const affects = lost.flatMap((one) => one.affects);
  const toCopy = [...new Set(affects.map(({ snapshot }) => snapshot))];
  const left = lost.map(({ key }) => ({ key, hint: HINT }));
  return { healed: [...healed.values()], lost: { blobs: 0, files: left, affects, toCopy }, added, removed: [] };
}

interface Place {
  readonly name: string;
  readonly from: Repository;
}

async function openPlaces({ from, warn, ...how }: HealHow): Promise<Place[]> {
  const places: Place[] = [];
  for (const { name, open } of from) {
    try {
      const engine = await open?.(how);
      if (engine?.traits.kind === 'archive' && engine.inner !== undefined)
        places.push({ name, from: engine.inner as Repository });
    } catch (error) {
      how.signal.throwIfAborted();
      warn({ code: 'heal.passed-over', path: '', message: `${name} can not be used: ${messageOf(error)}` });
    }
  }
  return places;
}

interface Work {
  readonly repository: Repository;
  readonly from: Repository;
  readonly dryRun: boolean;
  /** What storing failed with, which is no failure of the place that is asked. */
  readonly failures: unknown[];
}

/** A file that was stored, or would be. */
interface Put {
  readonly key: string;
  readonly sizeBytes: number;
}

/** Undefined when this repository has nothing that helps. The metadata come last: as long as they are damaged, nothing counts. */
async function healBackup(work: Work, problem: Problem, how: How): Promise<readonly Put[] | undefined> {
  const { repository } = work;
  const id = problem.affects[0]?.snapshot;
  const { backups, unreadable } = await takeInventory(repository, how);
  const backup = backups.find(({ sidecar }) => sidecar.id === id);
  const sidecarKey = backup?.sidecar.stored.key ?? unreadable.find((one) => one.id === id)?.key;
  if (id === undefined || sidecarKey === undefined) return undefined;
  const own = await readOwn(repository, sidecarKey, how);
  const theirs = await findTheirs(work.from, own, id, how);
  if (theirs === undefined) return undefined;
  const stem = sidecarKey.slice(0, -SIDECAR_ENDING.length);
  const puts: Put[] = [];
  const fileKey = backup?.file.key ?? stem + suffixOf(theirs.backup, theirs.backup.file.key);
  if (!(await isWhole(repository, fileKey, theirs.document, how)))
    puts.push(await replace(work, theirs.backup.file.key, theirs.backup.file.sizeBytes, fileKey, theirs.document, how));
  const list = theirs.backup.all.find(({ key }) => baseName(key).startsWith(theirs.backup.sidecar.id + LIST_ENDING));
  if (list !== undefined && problem.code === 'metadata.damaged')
    puts.push(await replace(work, list.key, list.sizeBytes, stem + suffixOf(theirs.backup, list.key), undefined, how));
  if (own === undefined) {
    if (!work.dryRun) await repository.store.put(sidecarKey, theirs.bytes, how);
    puts.push({ key: sidecarKey, sizeBytes: theirs.bytes.length });
  }
  repository.known.delete(sidecarKey);
  return puts.length === 0 ? undefined : puts;
}

async function readOwn(repository: Repository, key: string, how: How): Promise<SidecarDocument | undefined> {
  const stored = await repository.store.stat(key, how);
  if (stored === undefined) return undefined;
  try {
    return await readSidecar(repository, stored, how);
  } catch (error) {
    if (hasCode(error, 'repository.damaged', 'store.not-found')) return undefined;
    throw error;
  }
}

interface Theirs {
  readonly backup: Backup;
  readonly document: SidecarDocument;
  /** The sidecar as it is stored. */
  readonly bytes: Uint8Array;
}

/** A backup whose file is the same; where the own metadata can not be read, the one of the same name. */
async function findTheirs(
  from: Repository,
  own: SidecarDocument | undefined,
  id: string,
  how: How,
): Promise<Theirs | undefined> {
  const { backups } = await takeInventory(from, how);
  for (const backup of backups) {
    const { sidecar } = backup;
    if (own === undefined ? sidecar.id !== id : sidecar.sizeBytes !== own.size_bytes) continue;
    const bytes = await from.store.read(sidecar.stored.key, undefined, how);
    const document = parseSidecar(bytes, sidecar.stored.key);
    if (algorithmOf(document) !== undefined && (own === undefined || isSameFile(own, document)))
      return { backup, document, bytes };
  }
  return undefined;
}

function isSameFile(own: SidecarDocument, other: SidecarDocument): boolean {
  const isSameSum = own.checksum.toLowerCase() === other.checksum.toLowerCase();
  return isSameSum && own.size_bytes === other.size_bytes && algorithmOf(own) === algorithmOf(other);
}

/** What comes after the id in the name of a file: `.sql.gz`. */
function suffixOf({ sidecar }: Backup, key: string): string {
  return baseName(key).slice(sidecar.id.length);
}

async function isWhole({ store }: Repository, key: string, document: SidecarDocument, how: How): Promise<boolean> {
  if ((await store.stat(key, how))?.sizeBytes !== document.size_bytes) return false;
  const hash = createHash(algorithmOf(document)!);
  for await (const chunk of store.stream(key, undefined, how)) hash.update(chunk);
  return hash.digest('hex') === document.checksum.toLowerCase();
}

/** `document` undefined: nothing is known of the file but its size. */
async function replace(
  { repository, from, dryRun, failures }: Work,
  fromKey: string,
  sizeBytes: number,
  key: string,
  document: SidecarDocument | undefined,
  how: How,
): Promise<Put> {
  const expected = document && { algorithm: algorithmOf(document)!, checksum: document.checksum };
  const file = { key: fromKey, sizeBytes, modifiedAt: new Date(0) };
  let isTheirs = false;
  async function* open({ signal }: How): AsyncGenerator<Uint8Array> {
    try {
      yield* checkedContent({ from: from.store, file, expected, onBytes: () => {} }, signal);
    } catch (error) {
      isTheirs = true;
      throw error;
    }
  }
  try {
    if (dryRun) for await (const _ of open(how));
    else await repository.store.put(key, { sizeBytes, open }, how);
  } catch (error) {
    if (!isTheirs) failures.push(error);
    throw error;
  }
  return { key, sizeBytes };
}
