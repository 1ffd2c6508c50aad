import nodePath from 'node:path';
import { SuretyError } from '../../../base/errors.ts';
import { displayName } from '../../../base/names.ts';
import { openFarFolder } from '../../far-folder.ts';
import { runScript, scriptArgv, valuesOf } from '../../far-script.ts';
import type { RestoredEntry, Restoring, WriteHow, WriteReport } from '../../source.ts';
import { runTool } from '../../tool.ts';
import { inFreeSecond } from '../free-second.ts';
import { proveContents } from '../prove.ts';
import { corruptError } from '../sqlite-error.ts';
import { checkThere } from './copy.ts';
import { aboutFar, explainFar, type FarDatabase } from './database.ts';
import { fingerprintThere } from './fingerprint.ts';
import { type FarPlace, lookFar } from './look.ts';
import { swapThere } from './swap.ts';
import { expectNoUsers, LIST_USERS, lockPattern } from './users.ts';

interface Restore {
  readonly database: FarDatabase;
  readonly place: FarPlace;
  readonly restoring: Restoring;
  readonly how: WriteHow;
  /** Folders above the database that are not there, the outermost first. */
  readonly missing: RestoredEntry[];
}

const NOTHING: WriteReport = {
  ...{ files: 0, dirs: 0, others: 0, sizeBytes: 0, skipped: 0, unchanged: 0 },
  ...{ failed: [], plan: [], checks: [], notes: [] },
};

/**
 * Restores the database on its host: into a new file beside its place, checked there, then swapped in. Until the swap nothing that
 * exists is touched. Refuses with `source.locked` while anything has the database open.
 */
export async function writeFar(database: FarDatabase, restoring: Restoring, how: WriteHow): Promise<WriteReport> {
  const place = await lookFar(database, how.signal);
  const restore: Restore = { database, place, restoring, how, missing: [] };
  const files: RestoredEntry[] = [];
  for await (const batch of restoring.entries()) {
    for (const entry of batch) {
      expectItsPlace(restore, entry);
      if (entry.type === 'file') files.push(entry);
      else if (entry.type === 'dir' && entry.path.split('/').length > place.folders.length) restore.missing.push(entry);
    }
  }
  const [entry] = files;
  if (entry === undefined) return NOTHING;
  const action = decideFar(restore, entry);
  if (action === 'skip') return { ...NOTHING, skipped: 1 };
  if (how.dryRun) return { ...NOTHING, files: 1, sizeBytes: entry.sizeBytes, plan: [{ path: shown(restore), action }] };
  const checks = await replaceFar(restore, entry);
  how.progress?.({ files: 1, sizeBytes: entry.sizeBytes });
  return { ...NOTHING, files: 1, dirs: restore.missing.length, sizeBytes: entry.sizeBytes, checks };
}

function shown({ database, place }: Restore): string {
  return aboutFar(database, place.path).path;
}

function expectItsPlace({ database, place }: Restore, { path, type }: RestoredEntry): void {
  const own = place.path.slice(1);
  if (type === 'file' ? path === own : own.startsWith(`${path}/`)) return;
  const message = `the snapshot has ${displayName(path)}, source ${database.source} is now ${place.path} on ${database.reach.traits.host}`;
  throw new SuretyError('target.failed', message, { hint: 'restore it to this machine with --target' });
}

/** As for a file of this machine: see `decide` in `target.ts`. */
function decideFar(restore: Restore, entry: RestoredEntry): 'create' | 'overwrite' | 'skip' {
  const { place, how } = restore;
  const { file, wal } = place;
  if (file === undefined) return 'create';
  if (how.conflict === 'skip' && file.type === 'file') return 'skip';
  if (how.conflict === 'refuse' || file.type !== 'file') {
    throw new SuretyError('target.exists', `${shown(restore)} ${file.type === 'file' ? 'exists' : 'is not a file'}`, {
      hint: 'say what to do with an existing database: skip, overwrite or newer',
      details: { path: place.path },
    });
  }
  const changedNs = wal !== undefined && wal.mtimeNs > file.mtimeNs ? wal.mtimeNs : file.mtimeNs;
  return how.conflict === 'newer' && entry.mtimeNs <= changedNs ? 'skip' : 'overwrite';
}

async function replaceFar(restore: Restore, entry: RestoredEntry): Promise<WriteReport['checks']> {
  const { database, place, how, restoring } = restore;
  const { signal } = how;
  const about = aboutFar(database, place.path);
  await makeFolders(restore);
  await using folder = await openFarFolder(database.reach, {
    purpose: 'sqlite',
    below: [nodePath.posix.dirname(place.real)],
    neededBytes: entry.sizeBytes,
    signal,
    doing: `restore of database ${database.source}`,
    fullCode: 'target.full',
  });
  await expectUnusedThere(restore);
  const restored = `${folder.path}/restored.db`;
  await send(restore, entry, restored);
  const integrity = await checkThere(database, place.tools, restored, signal);
  if (integrity.findings.length > 0) throw corruptError(about, integrity.findings);
  const contents = await proveContents(about, restoring.facts?.fingerprint, (level) => {
    return fingerprintThere(database, place.tools, restored, { level, signal });
  });
  await setAttributes(restore, [{ entry, path: restored }]);
  signal.throwIfAborted();
  const kept = await inFreeSecond((now) => swapThere(database, place, restored, { signal, now }), signal);
  await setAttributes(restore, restore.missing.map((one) => ({ entry: one, path: `/${one.path}` })).reverse());
  const previous = { what: 'previous database', ok: true, detail: `kept as ${kept} on ${database.reach.traits.host}` };
  return [
    { what: 'integrity', ok: true, detail: integrity.unchecked ?? 'no damage found' },
    contents,
    ...(kept === undefined ? [] : [previous]),
  ];
}

const MAKE_FOLDERS = `
umask 077
for folder; do mkdir "$folder" || [ -d "$folder" ] || exit 1; done
`;

async function makeFolders({ database, how, missing }: Restore): Promise<void> {
  if (missing.length === 0) return;
  const doing = `restore of database ${database.source}`;
  const folders = missing.map(({ path }) => `/${path}`);
  await runScript(database.reach, MAKE_FOLDERS, folders, {
    signal: how.signal,
    doing,
    explain: targetError(database, doing),
  });
}

async function expectUnusedThere({ database, place, how }: Restore): Promise<void> {
  const doing = `restore of database ${database.source}`;
  const script = `${LIST_USERS}\nlist_users "$1" "$2"`;
  const args = [place.real, lockPattern(place.file)];
  const said = await runScript(database.reach, script, args, { signal: how.signal, doing });
  expectNoUsers(aboutFar(database, place.path), valuesOf(said).get('user') ?? []);
}

/** The content goes there as it comes out of the repository; what arrived is counted there. */
async function send({ database, restoring, how }: Restore, entry: RestoredEntry, path: string): Promise<void> {
  const doing = `restore of database ${database.source}`;
  let sizeBytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of restoring.stream(entry, { signal: how.signal })) {
      sizeBytes += chunk.length;
      yield chunk;
      how.progress?.({ files: 0, sizeBytes });
    }
  }
  const argv = scriptArgv('umask 077; cat >"$1" && wc -c <"$1"', [path]);
  const said = await runTool(database.reach, argv, {
    signal: how.signal,
    doing,
    stdin: counted(),
    explain: targetError(database, doing),
  });
  if (Number(said.trim()) === sizeBytes) return;
  throw new SuretyError('target.failed', `${doing}: ${said.trim()} of ${sizeBytes} bytes arrived`, { retry: 'later' });
}

function targetError(database: FarDatabase, doing: string) {
  const { host } = database.reach.traits;
  const other = explainFar(aboutFar(database, database.options.path), doing);
  return (said: string, exit: Parameters<typeof other>[1]): SuretyError => {
    if (/No space left|quota exceeded/i.test(said)) {
      const hint = 'the database there and the restored one both need room: make space, or restore with --target';
      return new SuretyError('target.full', `${doing}: no space left on ${host}`, { hint });
    }
    if (/Permission denied|Read-only file system|Operation not permitted/i.test(said)) {
      const message = `${doing}: the account on ${host} may not write there: ${said.trim()}`;
      return new SuretyError('target.denied', message, { hint: 'connect as a user who may, or restore with --target' });
    }
    return other(said, exit);
  };
}

const SET_ATTRIBUTES = `
root=$1; shift
while [ $# -gt 0 ]; do
  [ "$root" = 0 ] || chown "$2" -- "$1" || echo "failed owner $1"
  chmod "$3" -- "$1" || echo "failed mode $1"
  touch -d "@$4" -- "$1" 2>/dev/null || touch -d "@\${4%.*}" -- "$1" 2>/dev/null || echo "failed time $1"
  shift 4
done
`;

/** Owners only where the account there is root. */
async function setAttributes(
  { database, place, how }: Restore,
  files: readonly { readonly entry: RestoredEntry; readonly path: string }[],
): Promise<void> {
  if (files.length === 0) return;
  const args = files.flatMap(({ entry, path }) => {
    const seconds = `${entry.mtimeNs / 1_000_000_000n}.${String(entry.mtimeNs % 1_000_000_000n).padStart(9, '0')}`;
    return [path, `${entry.uid}:${entry.gid}`, entry.mode.toString(8), seconds];
  });
  const doing = `restore of database ${database.source}`;
  const root = place.isRoot ? '1' : '0';
  const said = await runScript(database.reach, SET_ATTRIBUTES, [root, ...args], { signal: how.signal, doing });
  for (const failed of valuesOf(said).get('failed') ?? []) {
    how.warn({ code: 'attribute.unwritable', path: files[0]!.entry.path, message: `can not be set: ${failed}` });
  }
  if (!files.some(({ entry }) => entry.xattrs.length > 0)) return;
  how.warn({
    code: 'attribute.unwritable',
    path: files[0]!.entry.path,
    message: 'extended attributes are not set on another host',
  });
}
