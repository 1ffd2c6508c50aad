/** Opens files of this machine that a walk saw a while ago, so that exactly as many bytes come out as are announced. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, systemCode } from '../base/errors.ts';
import { systemPath } from '../base/names.ts';
import type { Entry, Warning } from '../sources/source.ts';

/** A path may have become a link, a pipe or a device since the walk: links are not followed, and nothing blocks. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const SMALL_BYTES = 1 << 20;
const PIECE_BYTES = 1 << 20;

export interface OpenContent {
  readonly sizeBytes: number;
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

type Warn = (warning: Warning) => void;

/** Undefined, after a warning, for what can not be read any more. */
export async function openFileContent(path: string, entry: Entry, warn: Warn): Promise<OpenContent | undefined> {
  try {
    const small = readSmall(path);
    if (small === undefined) return await openLarge(path, entry, warn);
    if (small.changed) warn(changed(entry, 'it changed while it was read'));
    return { sizeBytes: small.bytes.length, chunks: [small.bytes] };
  } catch (error) {
    const isGone = ['ENOENT', 'ENOTREG', 'ELOOP', 'ENOTDIR'].includes(systemCode(error) ?? '');
    const message = isGone ? 'it is gone by now' : `it can not be read: ${messageOf(error)}`;
    warn({ code: isGone ? 'entry.vanished' : 'entry.unreadable', path: entry.path, message });
    return undefined;
  }
}

/** The whole of a small file, read anew once if it changed meanwhile; undefined for a large one. */
function readSmall(path: string): { readonly bytes: Uint8Array; readonly changed: boolean } | undefined {
  for (let attempt = 1; ; attempt++) {
    const fd = openSync(systemPath(path), OPEN_FLAGS);
    try {
      const before = regular(fstatSync(fd));
      if (before.size > SMALL_BYTES) return undefined;
      const bytes = readUpTo(fd, before.size + 1);
      const after = fstatSync(fd);
      const isSettled = bytes.length === before.size && after.size === before.size && after.mtimeMs === before.mtimeMs;
      if (isSettled || attempt === 2) return { bytes: bytes.subarray(0, SMALL_BYTES), changed: !isSettled };
    } finally {
      closeSync(fd);
    }
  }
}

function readUpTo(fd: number, wanted: number): Uint8Array {
  const buffer = Buffer.allocUnsafe(wanted);
  let done = 0;
  for (let got = 1; got > 0 && done < wanted; done += got) got = readSync(fd, buffer, done, wanted - done, null);
  return buffer.subarray(0, done);
}

function regular<Stats extends { isFile(): boolean }>(stats: Stats): Stats {
  if (!stats.isFile()) throw Object.assign(new Error('it is not a regular file any more'), { code: 'ENOTREG' });
  return stats;
}

async function openLarge(path: string, entry: Entry, warn: Warn): Promise<OpenContent> {
  const file = await open(systemPath(path), OPEN_FLAGS);
  try {
    const { size, mtimeMs } = regular(await file.stat());
    return { sizeBytes: size, chunks: exactly(file, size, mtimeMs, entry, warn) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** What is missing at the end is zeros, what came to it is left out: the size was announced. */
async function* exactly(
  file: FileHandle,
  sizeBytes: number,
  mtimeMs: number,
  entry: Entry,
  warn: Warn,
): AsyncGenerator<Uint8Array> {
  await using _ = file;
  let done = 0;
  try {
    while (done < sizeBytes) {
      const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, sizeBytes - done));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, done);
      if (bytesRead === 0) break;
      done += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    const after = await file.stat();
    if (after.size !== sizeBytes || after.mtimeMs !== mtimeMs) warn(changed(entry, 'it changed while it was read'));
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    const message = `it can not be read from byte ${done} on: ${messageOf(error)}`;
    warn({ code: 'entry.unreadable', path: entry.path, message });
  }
  for (; done < sizeBytes; done += PIECE_BYTES) yield Buffer.alloc(Math.min(PIECE_BYTES, sizeBytes - done));
}

function changed(entry: Entry, message: string): Warning {
  return { code: 'entry.changed', path: entry.path, message };
}
