/** Files of a cache: bodies and parts of bodies of one store, in a folder that only this user can enter. */
import { chmod, lstat, mkdir, open, readFile, rename, rm, statfs, unlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, systemClock } from '../../base/clock.ts';
import { SuretyError, systemCode } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import type { Range } from '../store.ts';
import { trimCache } from './trim-cache.ts';

export interface CacheFolder extends AsyncDisposable {
  /** Undefined when it is not kept, or not whole. */
  read(key: string, range: Range | undefined): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Never fails: what can not be kept is not. */
  write(key: string, range: Range | undefined, bytes: Uint8Array): Promise<void>;
  /** Removes what is kept of the body, as a whole and in this range. */
  drop(key: string, range: Range | undefined): Promise<void>;
}

export interface CacheFolderOptions {
  /** Absolute; shared by the caches of all repositories, with nothing else in it. */
  readonly path: string;
  /** A folder name for this store: two stores with other bytes under the same keys must have different ones. */
  readonly name: string;
  /** Of all caches below `path` together; undefined: 2 GiB, or a twentieth of the disk where that is less. */
  readonly sizeBytes?: number | undefined;
  readonly clock?: Clock;
}

/** So that other programs leave it out of backups: see bford.info/cachedir. */
const CACHE_TAG = 'Signature: 8a477f597d28d172789f06886806bc55\n# A cache of Surety: it can be deleted at any time.\n';
/** What was used is marked so often: trimming removes what was not used for the longest time. */
const MARK_AFTER_MS = 3_600_000;
/** It is trimmed when so much of its size was written, and at the end. */
const TRIM_SHARE = 1 / 8;
const DEFAULT_SIZE_BYTES = 2 * 2 ** 30;
const SHARE_OF_DISK = 1 / 20;

/** Makes the folder. Throws `cache.unsafe` when others may write to it, and the system's error when it can not be made. */
export async function openCacheFolder(options: CacheFolderOptions): Promise<CacheFolder> {
  const { path, name, clock = systemClock } = options;
  await makeOwn(path);
  const sizeBytes = options.sizeBytes ?? (await defaultSize(path));
  await writeFile(join(path, 'CACHEDIR.TAG'), CACHE_TAG, { mode: 0o600 });
  const place = join(path, name);
  let writtenBytes = 0;
  let trimming: Promise<void> | undefined;
  let works = true;

  const fileOf = (key: string, range: Range | undefined): string =>
    range === undefined ? join(place, key) : join(place, 'ranges', key, `${range.offset}-${range.length ?? 'end'}`);

  const trim = (): Promise<void> => {
    trimming ??= trimCache(path, sizeBytes, clock)
      .catch(() => undefined)
      .finally(() => {
        trimming = undefined;
      });
    return trimming;
  };

  async function write(key: string, range: Range | undefined, bytes: Uint8Array): Promise<void> {
    if (!works || bytes.length > sizeBytes * TRIM_SHARE) return;
    const file = fileOf(key, range);
    const unfinished = join(path, `unfinished-${randomHex(8)}`);
    try {
      await writeFile(unfinished, bytes, { mode: 0o600, flag: 'wx' });
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await rename(unfinished, file);
    } catch (error) {
      await unlink(unfinished).catch(() => undefined);
      // A folder that went meanwhile is made again the next time; a disk that is full or read-only stays so for a while.
      works = systemCode(error) === 'ENOENT';
      return;
    }
    writtenBytes += bytes.length;
    if (writtenBytes < sizeBytes * TRIM_SHARE) return;
    writtenBytes = 0;
    void trim();
  }

  return {
    write,
    async read(key, range) {
      const whole = await readKept(fileOf(key, undefined), range, clock);
      return whole ?? (range === undefined ? undefined : await readKept(fileOf(key, range), undefined, clock, range));
    },
    async drop(key, range) {
      await rm(fileOf(key, undefined), { force: true }).catch(() => undefined);
      if (range !== undefined) await rm(fileOf(key, range), { force: true }).catch(() => undefined);
    },
    async [Symbol.asyncDispose]() {
      await trimming;
      if (writtenBytes > 0) await trim();
    },
  };
}

/** The file, or a part of it; undefined when it is not there or ends before that. `of` is what the file has to be. */
async function readKept(
  file: string,
  part: Range | undefined,
  clock: Clock,
  of?: Range,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const bytes = part === undefined ? new Uint8Array(await readFile(file)) : await readPart(file, part);
    if (bytes === undefined || (of?.length !== undefined && bytes.length !== of.length)) return undefined;
    await mark(file, clock);
    return bytes;
  } catch {
    return undefined;
  }
}

async function readPart(file: string, { offset, length }: Range): Promise<Uint8Array<ArrayBuffer> | undefined> {
  await using handle = await open(file, 'r');
  const size = length ?? (await handle.stat()).size - offset;
  if (size < 0) return undefined;
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await handle.read(bytes, at, size - at, offset + at);
    if (bytesRead === 0) return undefined;
    at += bytesRead;
  }
  return bytes;
}

async function mark(file: string, clock: Clock): Promise<void> {
  const { mtimeMs } = await lstat(file);
  const now = clock.now();
  if (now.getTime() - mtimeMs > MARK_AFTER_MS) await utimes(file, now, now);
}

async function defaultSize(path: string): Promise<number> {
  const { blocks, bsize } = await statfs(path);
  return Math.min(DEFAULT_SIZE_BYTES, Math.floor(blocks * bsize * SHARE_OF_DISK));
}

/** A folder of this user's that no other one can enter. */
async function makeOwn(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const stats = await lstat(path);
  const own = process.getuid?.();
  if (!stats.isDirectory() || (own !== undefined && stats.uid !== own)) {
    throw new SuretyError('cache.unsafe', `${path} is not a folder of this user`, {
      hint: 'name another one in cache: { path }, or write cache: false',
    });
  }
  if (own !== undefined && (stats.mode & 0o077) !== 0) await chmod(path, 0o700);
}
