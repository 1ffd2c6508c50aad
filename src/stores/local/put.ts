import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import { inPieces } from '../../base/streams.ts';
import { alreadyExists, checkBodySize, openBody } from '../body.ts';
import { RESERVED_PART } from '../key.ts';
import type { Body, PutHow } from '../store.ts';
import { unfinishedName } from '../unfinished-name.ts';
import { writeDirect } from './direct.ts';
import { BodyFailure } from './failure.ts';
import { type Root, syncFolder } from './root.ts';

/** Each piece is a turn of the thread pool: large ones keep those few, and an abort is still noticed soon. */
const PIECE_BYTES = 4 * 1024 * 1024;

/**
 * Writes the body beside the store's files, makes it durable, then gives it its name: body, its fsync, the name, the
 * fsync of the folder. Whatever happens in between, the key has the whole body or none.
 */
export async function putFile(root: Root, key: string, body: Body, how: PutHow): Promise<void> {
  const target = join(root.path, key);
  const folder = dirname(target);
  const unfinished = join(root.path, RESERVED_PART, unfinishedName());
  await root.makeFolder(dirname(unfinished));
  await root.makeFolder(folder);
  // A taken key is found before the body is sent; the link below decides.
  if (how.ifAbsent === true && (await exists(target))) throw alreadyExists(key, root.path);
  try {
    await writeDurably(unfinished, key, body, how);
    how.signal.throwIfAborted();
    if (how.ifAbsent === true) await nameIfAbsent(unfinished, target, key, root.path);
    else await rename(unfinished, target);
  } catch (error) {
    await unlink(unfinished).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

async function writeDurably(path: string, key: string, body: Body, how: PutHow): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    let sizeBytes = body instanceof Uint8Array ? await writeDirect(path, body, how.signal) : 0;
    for await (const chunk of chunksOf(body, sizeBytes, how)) {
      how.signal.throwIfAborted();
      await writeAll(handle, chunk, sizeBytes);
      sizeBytes += chunk.length;
    }
    checkBodySize(key, body, sizeBytes);
    await protect(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What is left of the body from `offset` on; a streamed one is always whole. */
async function* chunksOf(body: Body, offset: number, how: PutHow): AsyncGenerator<Uint8Array> {
  try {
    if (body instanceof Uint8Array) yield* inPieces(body.subarray(offset), PIECE_BYTES);
    else yield* openBody(body, how);
  } catch (error) {
    throw new BodyFailure('the body could not be read', { cause: error });
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, at, chunk.length - at, position + at);
    at += bytesWritten;
  }
}

/** Stored bodies never change. Some network file systems know no modes; that does not matter. */
async function protect(handle: FileHandle): Promise<void> {
  try {
    await handle.chmod(0o400);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'ENOSYS'].includes(systemCode(error) ?? '')) throw error;
  }
}

async function nameIfAbsent(unfinished: string, target: string, key: string, location: string): Promise<void> {
  try {
    await link(unfinished, target);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code === 'EEXIST') throw alreadyExists(key, location, error);
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error;
    await renameIfAbsent(unfinished, target, key, location);
    return;
  }
  await unlink(unfinished);
}

/** For file systems without hard links (exFAT, FAT): the check comes before the write, as `traits.conditionalPut` says. */
async function renameIfAbsent(unfinished: string, target: string, key: string, location: string): Promise<void> {
  if (await exists(target)) throw alreadyExists(key, location);
  await rename(unfinished, target);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
