import { lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';

interface Kept {
  readonly path: string;
  readonly sizeBytes: number;
  readonly usedMs: number;
}

/** What is left unfinished for so long nobody writes any more. */
const ABANDONED_AFTER_MS = 86_400_000;
/** It is brought a little below its size, so that not every file that comes has another one go. */
const TARGET_SHARE = 0.9;

/** Removes what was not used for the longest time until the files below `path` take no more than `sizeBytes`. */
export async function trimCache(path: string, sizeBytes: number, clock: Clock): Promise<void> {
  const files: Kept[] = [];
  await collect(path, files);
  const nowMs = clock.now().getTime();
  let sum = 0;
  const kept: Kept[] = [];
  for (const file of files) {
    const isLeft = /[/\\]unfinished-[0-9a-f]+$/.test(file.path) && nowMs - file.usedMs > ABANDONED_AFTER_MS;
    if (isLeft) await unlink(file.path).catch(() => undefined);
    else kept.push(file);
    if (!isLeft) sum += file.sizeBytes;
  }
  if (sum <= sizeBytes) return;
  for (const file of kept.sort((a, b) => a.usedMs - b.usedMs)) {
    if (sum <= sizeBytes * TARGET_SHARE) break;
    if (file.path === join(path, 'CACHEDIR.TAG')) continue;
    await unlink(file.path).catch(() => undefined);
    sum -= file.sizeBytes;
  }
  await removeEmpty(path);
}

async function collect(folder: string, files: Kept[]): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await collect(path, files);
    else {
      const stats = await lstat(path).catch(() => undefined);
      if (stats !== undefined) files.push({ path, sizeBytes: stats.size, usedMs: stats.mtimeMs });
    }
  }
}

async function removeEmpty(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    await removeEmpty(path);
    // Another process may be writing into it.
    await rmdir(path).catch(() => undefined);
  }
}
