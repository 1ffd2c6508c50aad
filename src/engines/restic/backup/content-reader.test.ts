import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { BlobTable } from '../blob-table.ts';
import { createChunker, gearTable } from '../chunker.ts';
import { packBufferBytes } from '../packer.ts';
import { createSealer } from '../seal.ts';
import { dataSaver } from './blob-saver.ts';
import { createContentReader } from './content-reader.ts';
import { type BackupTask, FILE_FAILED, FILE_OK, type FromBackupWorker, SEGMENT_BYTES, TAIL_BYTES } from './messages.ts';

const folder = mkdtempSync(join(tmpdir(), 'surety-content-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const here = join(folder, 'here');
const gone = join(folder, 'gone');
writeFileSync(here, 'content');

const TARGET_BYTES = 100_000;
const chunker = createChunker(gearTable(Buffer.alloc(32)), SEGMENT_BYTES + TAIL_BYTES);

function openReader(sealing: 'works' | 'fails'): { run(task: BackupTask): Promise<void>; posted: FromBackupWorker[] } {
  const sealer = createSealer({ encrypt: Buffer.alloc(32), macK: Buffer.alloc(16), macR: Buffer.alloc(16) });
  const broken = (): never => {
    throw Object.assign(new Error('out of memory'), { code: 'ERR_MEMORY' });
  };
  const posted: FromBackupWorker[] = [];
  const saver = dataSaver({
    table: BlobTable.create(100, 10),
    sealer: sealing === 'works' ? sealer : { ...sealer, sealInPlace: broken, sealInto: broken },
    level: undefined,
    targetBytes: TARGET_BYTES,
    takeBuffer: () => new ArrayBuffer(packBufferBytes(TARGET_BYTES)),
    onPack: () => {},
  });
  return { ...createContentReader({ chunker, saver, post: (message) => void posted.push(message) }), posted };
}

const files = (...paths: string[]): BackupTask => ({
  ...{ kind: 'files', task: 1, paths },
  sizes: new Float64Array(paths.length).fill(7),
  mtimesNs: new BigInt64Array(paths.length),
});
const segment = (path: string): BackupTask => ({ kind: 'segment', task: 1, path, offset: 0 });

describe('reading content', () => {
  test('a file that can not be read is told by itself, and the others are saved', async () => {
    const { run, posted } = openReader('works');
    await run(files(gone, here));
    const [done] = posted;
    assert.ok(done?.kind === 'files');
    assert.deepEqual([...done.states], [FILE_FAILED, FILE_OK]);
    assert.deepEqual([...done.counts], [0, 1]);
    assert.equal(done.failures[0]?.code, 'ENOENT');
  });

  test('a segment of a file that can not be read fails with the code of the system', async () => {
    const { run, posted } = openReader('works');
    await run(segment(gone));
    assert.equal(posted[0]?.kind === 'failed' && posted[0].code, 'ENOENT');
  });

  test('what can not be saved is not blamed on a file: others count on the blobs it claimed', async () => {
    for (const task of [files(here), segment(here)]) {
      const { run, posted } = openReader('fails');
      await assert.rejects(run(task), /out of memory/);
      assert.ok(posted.every(({ kind }) => kind === 'cut'));
    }
  });
});
