/** Compares what a restore needs with the room at its place before anything is written. */
import { formatBytes } from '../../base/bytes.ts';
import { SuretyError } from '../../base/errors.ts';

/** What is free at a place that need not exist yet. */
export interface Space {
  /** Names the file system: places with the same share their room. */
  readonly device: string;
  readonly freeBytes: number;
}

/** Undefined where nobody knows. */
export type SpaceAt = (path: string) => Promise<Space | undefined>;

export interface Need {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Throws `target.full` with both numbers where the places have not got the room. Holes of sparse files are counted as if written. */
export async function expectSpace(needs: readonly Need[], spaceAt: SpaceAt): Promise<void> {
  const totals = new Map<string, Need & Space>();
  for (const { path, sizeBytes } of needs) {
    const space = await spaceAt(path);
    if (space === undefined) continue;
    const known = totals.get(space.device);
    totals.set(space.device, { path, ...space, sizeBytes: sizeBytes + (known?.sizeBytes ?? 0) });
  }
  for (const { path, sizeBytes, freeBytes } of totals.values()) {
    if (sizeBytes <= freeBytes) continue;
    throw new SuretyError(
      'target.full',
      `the restore needs ${formatBytes(sizeBytes)} at ${path}, and ${formatBytes(freeBytes)} are free there`,
      {
        hint: 'make room or restore to another disk; if holes of sparse files make the difference, give --ignore-space',
        details: { path, neededBytes: sizeBytes, freeBytes },
      },
    );
  }
}
