import assert from 'node:assert/strict';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeSharedPages } from '../../base/pages.ts';
import { writeDirect } from './direct.ts';

const MIB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'surety-direct-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const { signal } = new AbortController();
let files = 0;

function newFile(): string {
  files += 1;
  const path = join(folder, String(files));
  writeFileSync(path, '');
  return path;
}

function filledPages(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(makeSharedPages(sizeBytes));
  for (let at = 0; at < bytes.length; at += 1000) bytes[at] = at % 251;
  return bytes;
}

function knowsDirect(): boolean {
  if (constants.O_DIRECT === undefined) return false;
  try {
    closeSync(openSync(newFile(), constants.O_WRONLY | constants.O_DIRECT));
    return true;
  } catch {
    return false;
  }
}

describe('writing without the page cache', () => {
  it('writes the whole blocks and leaves the rest', { skip: !knowsDirect() }, async () => {
    const path = newFile();
    const bytes = filledPages(20 * MIB).subarray(0, 17 * MIB + 4096 + 17);
    assert.equal(await writeDirect(path, bytes, signal), 17 * MIB + 4096);
    assert.deepEqual(readFileSync(path), Buffer.from(bytes.subarray(0, 17 * MIB + 4096)));
  });

  it('leaves bytes that do not begin at a block of memory to the caller', async () => {
    const path = newFile();
    assert.equal(await writeDirect(path, filledPages(4 * MIB).subarray(3), signal), 0);
    assert.equal(readFileSync(path).length, 0);
  });

  it('leaves small bodies to the caller', async () => {
    assert.equal(await writeDirect(newFile(), filledPages(MIB).subarray(0, MIB - 1), signal), 0);
  });

  it('passes on what the disk says', { skip: !knowsDirect() }, async () => {
    await assert.rejects(writeDirect(join(folder, 'missing'), filledPages(2 * MIB), signal), { code: 'ENOENT' });
  });

  it('stops when asked to', { skip: !knowsDirect() }, async () => {
    const stopped = AbortSignal.abort(new Error('stopped'));
    await assert.rejects(writeDirect(newFile(), filledPages(2 * MIB), stopped), /stopped/);
  });
});
