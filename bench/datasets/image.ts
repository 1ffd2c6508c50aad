import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Generator, generatorOf } from '../generate.ts';
import type { Dataset } from './dataset.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * One image of a disk, 4 GB: stretches of 64 KiB to 8 MiB that are text (40 %), records (15 %), incompressible (30 %) or zeros (15 %).
 *
 * A day changes one per cent of it in place, in blocks of 4 to 64 KiB, the way images of running machines change: four fifths of the changed bytes are
 * in clusters (64 at full scale, each about half a MiB of edits within 4 MiB: files being written where the file system put them), a fifth is
 * one stretch rewritten as a whole (the journal), and 100 single blocks of 4 KiB lie anywhere (tables and superblocks).
 */
export const image: Dataset = {
  letter: 'c',
  title: '4 GB image',
  write: writeImage,
  nextDay: editImage,
};

function sizeOf(scale: number): number {
  return Math.round((4e9 * scale) / (4 * KIB)) * 4 * KIB;
}

function writeImage(root: string, scale: number): void {
  const generator = generatorOf('image');
  const sizeBytes = sizeOf(scale);
  const file = openSync(join(root, 'disk.img'), 'w');
  try {
    for (let at = 0; at < sizeBytes; ) {
      const wanted = Math.round(64 * KIB * 128 ** generator.fraction());
      const stretch = contentOf(generator, Math.min(wanted, sizeBytes - at));
      writeSync(file, stretch, 0, stretch.length, at);
      at += stretch.length;
    }
  } finally {
    closeSync(file);
  }
}

function contentOf(generator: Generator, sizeBytes: number): Uint8Array {
  const draw = generator.below(100);
  if (draw < 40) return generator.prose(sizeBytes);
  if (draw < 55) return generator.records(sizeBytes);
  return draw < 85 ? generator.noise(sizeBytes) : Buffer.alloc(sizeBytes);
}

function editImage(root: string, scale: number, day: number): void {
  const generator = generatorOf('image/day', day);
  const sizeBytes = sizeOf(scale);
  const budget = sizeBytes / 100;
  const file = openSync(join(root, 'disk.img'), 'r+');
  const write = (offset: number, bytes: Uint8Array) =>
    writeSync(file, bytes, 0, Math.min(bytes.length, sizeBytes - offset), offset);
  try {
    editClusters(generator, sizeBytes, budget * 0.8, write);
    const journal = Math.round(budget * 0.2);
    write(Math.floor(sizeBytes / 3), generator.records(journal));
    for (let single = 0; single < Math.ceil(100 * scale); single++) {
      write(blockBelow(generator, sizeBytes), generator.records(4 * KIB));
    }
  } finally {
    closeSync(file);
  }
}

function editClusters(
  generator: Generator,
  sizeBytes: number,
  budget: number,
  write: (offset: number, bytes: Uint8Array) => void,
): void {
  for (let spent = 0; spent < budget; ) {
    const start = blockBelow(generator, Math.max(4 * KIB, sizeBytes - 4 * MIB));
    for (let inCluster = 0; inCluster < MIB / 2 && spent < budget; ) {
      const length = 4 * KIB * (1 + generator.below(16));
      const offset = start + blockBelow(generator, Math.min(4 * MIB, sizeBytes - start) - length);
      write(offset, generator.below(2) === 0 ? generator.prose(length) : generator.noise(length));
      inCluster += length;
      spent += length;
    }
  }
}

/** The offset of a 4 KiB block. */
function blockBelow(generator: Generator, limitBytes: number): number {
  return generator.below(Math.max(1, Math.floor(limitBytes / (4 * KIB)))) * 4 * KIB;
}
