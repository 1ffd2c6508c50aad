import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { hostName, temporaryFolder } from '../../base/environment.ts';
import { SuretyError, systemCode } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import { isRunning } from '../../base/running.ts';

/** A private folder for the copy of one database; disposing removes it with what is in it. */
export interface Scratch extends AsyncDisposable {
  readonly path: string;
}

/** Left free for others. */
const RESERVE_BYTES = 2 ** 20;
const ABANDONED_AFTER_MS = 7 * 86_400_000;
const NAME = /^\.surety-sqlite-([0-9a-f]{8})-(\d+)-[0-9a-f]{12}$/;

/** Those of this process that are in use. */
const inUse = new Set<string>();

/**
 * Makes a folder (mode 0700) with room for `neededBytes`: in the system's temporary folder if that is on the database's file
 * system or there is no other way, else beside the database. First removes what killed runs left there. Throws
 * `source.failed` when there is no room.
 */
export async function openScratch(source: string, databasePath: string, neededBytes: number): Promise<Scratch> {
  const beside = dirname(databasePath);
  const temporary = temporaryFolder();
  const sameFileSystem = await areOnOneFileSystem(beside, temporary);
  const candidates = sameFileSystem ? [temporary] : [beside, temporary];
  let freeBytes = 0;
  for (const folder of candidates) {
    await removeAbandoned(folder);
    const free = await freeSpace(folder);
    freeBytes = Math.max(freeBytes, free);
    if (free < neededBytes + RESERVE_BYTES) continue;
    const path = await makeFolder(folder);
    if (path !== undefined) return { path, [Symbol.asyncDispose]: () => removeFolder(path) };
  }
  const asked = candidates.join(' or ');
  throw new SuretyError('source.failed', `no room for a copy of database ${source} in ${asked}`, {
    hint: 'set TMPDIR to a folder with more free space than the database has bytes',
    details: { source, neededBytes: neededBytes + RESERVE_BYTES, freeBytes },
  });
}

async function areOnOneFileSystem(left: string, right: string): Promise<boolean> {
  try {
    return (await stat(left)).dev === (await stat(right)).dev;
  } catch {
    return false;
  }
}

async function freeSpace(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

/** Undefined when this process may not write there. */
async function makeFolder(folder: string): Promise<string | undefined> {
  const path = join(folder, `.surety-sqlite-${hostKey()}-${process.pid}-${randomHex(6)}`);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOSPC'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
  inUse.add(path);
  return path;
}

async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  inUse.delete(path);
}

/** Process ids mean nothing on another host that shares the file system. */
function hostKey(): string {
  return createHash('sha256').update(hostName()).digest('hex').slice(0, 8);
}

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const match = NAME.exec(name);
    if (match === null) continue;
    const path = join(folder, name);
    const stats = await lstat(path).catch(() => undefined);
    const ours = stats?.isDirectory() === true && stats.uid === process.getuid?.();
    if (!ours || inUse.has(path)) continue;
    const old = stats.mtimeMs < systemClock.now().getTime() - ABANDONED_AFTER_MS;
    if (old || (match[1] === hostKey() && isGone(Number(match[2])))) await removeFolder(path);
  }
}

/** Our own id is no answer: in a container every run has the same one, and what is in use by this one is known. */
function isGone(processId: number): boolean {
  return processId === process.pid || !isRunning(processId);
}
