import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locate, skipUnlessRoot, skipWithout } from '../fixtures/programs.ts';
import { expectSuccess, runProgram } from '../fixtures/run-program.ts';

/** A file system (ext4, in a file) from which the power can be taken. Needs root, loop devices and `xfs_io`. */
export interface LoopDisk extends AsyncDisposable {
  readonly path: string;
  /** From now on everything on it fails, and what was not synced is lost. Synchronous: nothing else of this process happens meanwhile. */
  cutPower(): void;
  /** Mounts it anew: what a machine finds after the power came back. */
  restart(): Promise<void>;
}

/** The reason to skip a test that needs one, or false. */
export async function skipWithoutLoopDisk(): Promise<string | false> {
  const missing = skipUnlessRoot() || skipWithout('mount', 'mkfs.ext4', 'xfs_io');
  if (missing !== false) return missing;
  try {
    await using disk = await mountLoopDisk();
    disk.cutPower();
    return false;
  } catch {
    return 'needs a system that mounts files and can shut a file system down';
  }
}

export async function mountLoopDisk(sizeBytes = 96 << 20): Promise<LoopDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'surety-power-'));
  const [image, path] = [join(folder, 'image'), join(folder, 'disk')];
  const mount = () => expectSuccess(['mount', '-o', 'loop', image, path]);
  await writeFile(image, '');
  await truncate(image, sizeBytes);
  await expectSuccess(['mkfs.ext4', '-q', '-F', image]);
  await expectSuccess(['mkdir', path]);
  await mount();
  return {
    path,
    cutPower() {
      const { status, stderr } = spawnSync(locate('xfs_io')!, ['-x', '-c', 'shutdown', path], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`the power can not be cut: ${stderr}`);
    },
    async restart() {
      await expectSuccess(['umount', path]);
      await mount();
    },
    async [Symbol.asyncDispose]() {
      await runProgram(['umount', '-l', path]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
