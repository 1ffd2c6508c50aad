/** Folders for a while, that only this user can enter. What killed processes left of them is removed. */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from './clock.ts';
import { hostName } from './environment.ts';
import { systemCode } from './errors.ts';
import { randomHex } from './ids.ts';
import { isRunning } from './running.ts';

export interface PrivateFolder extends AsyncDisposable {
  readonly path: string;
}

const ABANDONED_AFTER_MS = 7 * 86_400_000;
const NAME = /^\.surety-([a-z]+)-([0-9a-f]{8})-(\d+)-[0-9a-f]{12}$/;

/** Those of this process that are in use. */
const inUse = new Set<string>();

/**
 * Makes a folder (mode 0700) in the folder `below`, and first removes what killed runs left there for the same purpose, which is a word such
 * as `sqlite`. It goes, with what is in it, when it is disposed of. Throws the system's error.
 */
export async function openPrivateFolder(purpose: string, below: string): Promise<PrivateFolder> {
  await removeAbandoned(purpose, below);
  const path = join(below, `.surety-${purpose}-${hostKey()}-${process.pid}-${randomHex(6)}`);
  // Before it is there: whoever looks for what is abandoned meanwhile finds it.
  inUse.add(path);
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    inUse.delete(path);
    throw error;
  });
  return { path, [Symbol.asyncDispose]: () => removeFolder(path) };
}

async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  inUse.delete(path);
}

/** Process ids mean nothing on another host that shares the file system. */
function hostKey(): string {
  return createHash('sha256').update(hostName()).digest('hex').slice(0, 8);
}

/** Removes the folders of this purpose below a folder whose processes are gone. */
export async function removeAbandoned(purpose: string, below: string): Promise<void> {
  for (const name of await readdir(below).catch(() => [])) {
    const [whole, of, host, processId] = NAME.exec(name) ?? [];
    if (whole === undefined || of !== purpose) continue;
    const path = join(below, name);
    const stats = await lstat(path).catch(() => undefined);
    const ours = stats?.isDirectory() === true && stats.uid === process.getuid?.();
    if (!ours || inUse.has(path)) continue;
    const old = stats.mtimeMs < systemClock.now().getTime() - ABANDONED_AFTER_MS;
    if (old || (host === hostKey() && isGone(Number(processId)))) await removeUnlessGone(path);
  }
}

/** Two runs may find the same folder. */
async function removeUnlessGone(path: string): Promise<void> {
  try {
    await removeFolder(path);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EACCES', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
  }
}

/** Our own id is no answer: in a container every run has the same one, and what is in use by this one is known. */
function isGone(processId: number): boolean {
  return processId === process.pid || !isRunning(processId);
}
