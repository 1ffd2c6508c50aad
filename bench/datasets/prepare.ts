import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dataset } from './dataset.ts';
import { dump } from './dump.ts';
import { image } from './image.ts';
import { mixedFiles } from './mixed-files.ts';
import { smallFiles } from './small-files.ts';
import { tinyFiles } from './tiny-files.ts';

export const DATASETS: readonly Dataset[] = [smallFiles, mixedFiles, image, dump, tinyFiles];

/** Raised whenever a data set is generated differently, so that old ones are not taken for new. */
const VERSION = 2;

/** A data set that is on disk. */
export interface Prepared {
  readonly dataset: Dataset;
  readonly scale: number;
  /** The folder that is backed up. */
  readonly root: string;
  /** Moves it on by one day. */
  nextDay(): void;
}

/** Writes a data set below `folder`, or takes the one that an earlier run left there (it may be some days old). */
export function prepareDataset(dataset: Dataset, folder: string, scale: number): Prepared {
  const place = join(folder, `${dataset.letter}-${scale}`);
  const manifest = join(place, 'manifest.json');
  const root = join(place, 'data');
  let day = dayOf(manifest);
  const settle = (reached: number) => writeFileSync(manifest, JSON.stringify({ version: VERSION, day: reached }));
  if (day === undefined) {
    rmSync(place, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    dataset.write(root, scale);
    settle(1);
    day = 1;
  }
  let current = day;
  return {
    dataset,
    scale,
    root,
    nextDay: () => {
      // Interrupted half-way it counts as not written.
      rmSync(manifest);
      current += 1;
      dataset.nextDay(root, scale, current);
      settle(current);
    },
  };
}

function dayOf(manifest: string): number | undefined {
  try {
    const { version, day } = JSON.parse(readFileSync(manifest, 'utf8'));
    return version === VERSION && typeof day === 'number' ? day : undefined;
  } catch {
    return undefined;
  }
}
