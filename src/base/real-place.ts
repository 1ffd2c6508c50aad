import { realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { decodeName, systemPath } from './names.ts';

/** Where an absolute path really leads, links followed. Where nothing is yet, the folder above it counts; failing that, the path itself. */
export function realPlace(path: string): string {
  return resolved(path) ?? posix.join(resolved(posix.dirname(path)) ?? posix.dirname(path), posix.basename(path));
}

function resolved(path: string): string | undefined {
  try {
    return decodeName(realpathSync.native(systemPath(path), 'buffer'));
  } catch {
    return undefined;
  }
}
