import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { createFile, openCreated, setLength, writeContent } from './write-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'surety-write-file-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const runs = fc.array(
  fc.record({ sizeBytes: fc.nat(10_000), filler: fc.constantFrom(0, 0, 7, 255), pieces: fc.nat(3) }),
  { minLength: 1, maxLength: 12 },
);

test('a file written in any pieces, in any order, has the content, whatever zeros are in it', () => {
  fc.assert(
    fc.property(runs, fc.boolean(), (parts, backwards) => {
      const content = Buffer.concat(parts.map(({ sizeBytes, filler }) => Buffer.alloc(sizeBytes, filler)));
      const path = join(folder, 'file');
      const fd = createFile(path);
      setLength(fd, content.length);
      const pieces: { at: number; bytes: Buffer }[] = [];
      let at = 0;
      for (const { sizeBytes } of parts) {
        pieces.push({ at, bytes: content.subarray(at, at + sizeBytes) });
        at += sizeBytes;
      }
      if (backwards) pieces.reverse();
      for (const { at: position, bytes } of pieces) {
        const end = writeContent(fd, bytes, position);
        assert.ok(end === 0 || (end > position && end <= position + bytes.length));
        assert.ok(content.subarray(Math.max(end, position), position + bytes.length).every((byte) => byte === 0));
      }
      closeSync(fd);
      assert.ok(readFileSync(path).equals(content));
      rmSync(path);
    }),
    { numRuns: 150 },
  );
});

test('whole blocks of zeros take no room', () => {
  const path = join(folder, 'sparse');
  const fd = createFile(path);
  setLength(fd, 10_000_000);
  assert.equal(writeContent(fd, Buffer.alloc(5_000_000), 1_234_567), 0);
  closeSync(fd);
  assert.equal(statSync(path).blocks, 0);
});

test('a file is neither created over another one nor through a link', () => {
  writeFileSync(join(folder, 'mine'), 'mine');
  symlinkSync('mine', join(folder, 'link'));
  symlinkSync('nowhere', join(folder, 'dangling'));
  for (const name of ['mine', 'link', 'dangling']) {
    assert.throws(() => createFile(join(folder, name)), { code: 'EEXIST' }, name);
  }
  assert.throws(() => openCreated(join(folder, 'link')), { code: 'ELOOP' });
  assert.equal(readFileSync(join(folder, 'mine'), 'utf8'), 'mine');
});
