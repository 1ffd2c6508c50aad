import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectSuccess, runProgram } from '../fixtures/run-program.ts';

/** A disk in memory, mounted at `path` until its scope ends. Needs root and `mount`. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Mounts it anew with other options: `size=64m`, `ro`. */
  remount(options: string): Promise<void>;
  unmount(): Promise<void>;
}

/** `options` as `mount -t tmpfs -o` takes them: `size=8m,nr_inodes=100`. */
export async function mountSmallDisk(options: string): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'surety-disk-'));
  await expectSuccess(['mount', '-t', 'tmpfs', '-o', options, 'surety-test', path]);
  return {
    path,
    remount: async (others) => void (await expectSuccess(['mount', '-o', `remount,${others}`, path])),
    unmount: async () => void (await expectSuccess(['umount', path])),
    async [Symbol.asyncDispose]() {
      await runProgram(['umount', '-l', path]);
      await rm(path, { recursive: true, force: true });
    },
  };
}
