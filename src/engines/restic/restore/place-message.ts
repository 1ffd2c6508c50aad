import { systemPath } from '../../../base/names.ts';
import type { PlaceFiles, PlaceTask } from './messages.ts';
import type { Placing } from './placing.ts';
import type { WantedUses } from './plan.ts';

/** The task that writes these uses from `bytes`, which begin at `offset` of their pack. */
export function placeMessage(
  placing: Placing,
  { uses, files }: WantedUses,
  bytes: PlaceTask['bytes'],
  offset: number,
): Omit<PlaceTask, 'task'> {
  const plan = placing.uses;
  const numbers = new Map(files.map((file, at) => [file, at]));
  const entries: number[] = [];
  const useCounts: number[] = [];
  const perFile = new Int32Array(files.length);
  const useFiles = new Int32Array(uses.length);
  const usePositions = new Float64Array(uses.length);
  uses.forEach((use, at) => {
    const entry = plan.entries[use]!;
    // Two places that begin at one offset are one place: those of one blob under one entry.
    if (entries.at(-1) === entry) useCounts[useCounts.length - 1]! += 1;
    else {
      entries.push(entry);
      useCounts.push(1);
    }
    const file = numbers.get(plan.files[use]!)!;
    useFiles[at] = file;
    usePositions[at] = plan.positions[use]!;
    perFile[file]! += 1;
  });
  return {
    kind: 'place',
    bytes,
    offset,
    entries: Int32Array.from(entries),
    useCounts: Int32Array.from(useCounts),
    useFiles,
    usePositions,
    files: columnsOf(placing, files, perFile),
  };
}

function columnsOf(placing: Placing, files: readonly number[], uses: Int32Array): PlaceFiles {
  const { length } = files;
  const columns = {
    paths: files.map((file) => systemPath(placing.files[file]!.path)),
    uses,
    whole: new Uint8Array(length),
    sizes: new Float64Array(length),
    withAttributes: new Uint8Array(length),
    uids: new Float64Array(length).fill(-1),
    gids: new Float64Array(length).fill(-1),
    modes: new Uint16Array(length),
    mtimesNs: new BigInt64Array(length),
  };
  files.forEach((file, at) => {
    columns.whole[at] = uses[at] === placing.uses.perFile[file] ? 1 : 0;
    columns.sizes[at] = placing.uses.sizes[file]!;
    const { attributes } = placing.files[file]!;
    if (attributes === undefined) return;
    columns.withAttributes[at] = 1;
    columns.modes[at] = attributes.mode;
    columns.mtimesNs[at] = attributes.mtimeNs;
    if (attributes.owner === undefined) return;
    columns.uids[at] = attributes.owner.uid;
    columns.gids[at] = attributes.owner.gid;
  });
  return columns;
}
