import { hasCode } from '../../../base/errors.ts';
import { systemPath } from '../../../base/names.ts';
import type { CarefulReader } from '../copies.ts';
import type { ContentHandle } from '../restored-entry.ts';
import type { Available } from './available.ts';
import type { Placing } from './placing.ts';
import { closeFile, createFile, removeCreated, setLength, writeContent } from './write-file.ts';

export interface RepairTools {
  readonly available: Available;
  readonly careful: CarefulReader;
}

/**
 * Writes a file anew, blob by blob from whichever copies are good, and reports it: with the error that names the damaged file of
 * the repository when a blob has no good copy. Throws when the store fails.
 */
export async function repairFile(
  tools: RepairTools,
  placing: Placing,
  file: number,
  ids: ContentHandle,
  signal: AbortSignal,
): Promise<void> {
  const path = systemPath(placing.files[file]!.path);
  let fd: number;
  try {
    fd = createFile(path);
  } catch (error) {
    placing.fail(file, error as Error);
    return;
  }
  try {
    await writeBlobs(tools, ids, fd, signal);
    const attributed = placing.attribute(file, fd);
    closeFile(fd);
    placing.succeed(file, !attributed);
  } catch (error) {
    closeFile(fd);
    removeCreated(path);
    signal.throwIfAborted();
    if (isOfStore(error)) throw error;
    placing.fail(file, error as Error);
  }
}

async function writeBlobs(tools: RepairTools, ids: ContentHandle, fd: number, signal: AbortSignal): Promise<void> {
  let position = 0;
  let end = 0;
  for (const id of ids) {
    const entry = tools.available.find(id);
    const plain = await tools.careful.read(entry, { signal });
    end = Math.max(end, writeContent(fd, plain, position));
    position += plain.length;
  }
  if (end < position) setLength(fd, position);
}

/** A store that fails concerns all files, not this one. */
function isOfStore(error: unknown): boolean {
  return hasCode(error, 'store.denied', 'store.unavailable', 'store.failed', 'store.full');
}
