import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { nextData, nextHole } from '../../src/base/posix.ts';
import { noise } from '../fixtures/content.ts';
import { makeProject, PASSWORD } from '../fixtures/project.ts';
import { suretyIn } from '../fixtures/surety.ts';

const GIB = 2 ** 30;
const SIZE_BYTES = 4 * GIB + 70_000_001;
/** Where there is content: at the start, over the border of 32 bits, at the end. */
const CONTENT = [
  [0, 3_000_000],
  [4 * GIB - 1_500_000, 3_000_000],
  [SIZE_BYTES - 1_000_000, 1_000_000],
] as const;
const MEMORY_BYTES = 300 * 2 ** 20;

test('a sparse file of more than 4 GiB comes back equal and sparse, in little memory', {
  timeout: 240_000,
}, async () => {
  await using project = makeProject();
  const memoryReport = join(project.folder, 'memory');
  const preload = new URL('../fixtures/report-memory.mjs', import.meta.url).href;
  const surety = suretyIn(project.folder, {
    env: { VAULT_PASSWORD: PASSWORD, NODE_OPTIONS: `--import=${preload}`, MEMORY_REPORT: memoryReport },
    timeoutMs: 200_000,
  });
  mkdirSync(project.data);
  const original = join(project.data, 'image');
  makeSparse(original);
  await surety.run('init');
  await surety.run('backup');
  const backupBytes = Number(readFileSync(memoryReport, 'latin1'));
  const target = project.newTarget();
  await surety.run('restore', 'latest', '--target', target);
  const restoreBytes = Number(readFileSync(memoryReport, 'latin1'));

  const restored = join(target, original);
  assert.equal(statSync(restored).size, SIZE_BYTES);
  assertSameContent(original, restored);
  const allocated = statSync(restored).blocks * 512;
  assert.ok(allocated < 32 * 2 ** 20, `${allocated} bytes are allocated`);
  for (const bytes of [backupBytes, restoreBytes]) assert.ok(bytes > 0 && bytes < MEMORY_BYTES, `${bytes} bytes`);
});

function makeSparse(path: string): void {
  const file = openSync(path, 'w');
  ftruncateSync(file, SIZE_BYTES);
  for (const [at, sizeBytes] of CONTENT) writeSync(file, noise(at % 1000, sizeBytes), 0, sizeBytes, at);
  closeSync(file);
}

/** Compares what either file has; all else are holes of both. */
function assertSameContent(left: string, right: string): void {
  const files = [openSync(left, 'r'), openSync(right, 'r')] as const;
  for (const file of files) {
    for (let at = nextData(file, 0); at >= 0 && at < SIZE_BYTES; ) {
      const end = Math.min(nextHole(file, at), SIZE_BYTES);
      assert.ok(end - at < 64 * 2 ** 20, 'the file is sparse');
      const [a, b] = files.map((one) => readAt(one, at, end - at));
      assert.ok(a!.equals(b!), `the content from ${at} to ${end}`);
      at = nextData(file, end);
    }
  }
  for (const file of files) closeSync(file);
}

function readAt(file: number, at: number, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  assert.equal(readSync(file, bytes, 0, sizeBytes, at), sizeBytes);
  return bytes;
}
