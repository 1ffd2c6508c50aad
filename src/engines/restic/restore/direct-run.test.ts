import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { DirectRun } from './direct-run.ts';
import { createFile, setLength } from './write-file.ts';

const MIB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'surety-direct-run-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Writes `content` in runs that begin at `cuts`, each in pieces of `pieceBytes`, and returns the file's bytes. */
function written(content: Uint8Array, cuts: readonly number[], pieceBytes: number): Buffer {
  const path = join(folder, 'file');
  rmSync(path, { force: true });
  const fd = createFile(path);
  setLength(fd, content.length);
  let end = 0;
  for (const [index, start] of cuts.entries()) {
    const stop = cuts[index + 1] ?? content.length;
    const run = new DirectRun(0, fd, start);
    for (let at = start; at < stop; at += pieceBytes) {
      assert.equal(run.position, at);
      run.add(content.subarray(at, Math.min(stop, at + pieceBytes)));
    }
    end = Math.max(end, run.end());
  }
  closeSync(fd);
  assert.ok(
    content.subarray(end).every((byte) => byte === 0),
    'what follows the end is a hole',
  );
  return readFileSync(path);
}

describe('a large file written in runs', () => {
  it('has the content wherever its runs begin and end, whatever zeros are in it', () => {
    const part = fc.record({ sizeBytes: fc.nat(20_000), filler: fc.constantFrom(0, 0, 7, 255) });
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 1, max: 9000 }),
        (parts, piece) => {
          const content = Buffer.concat(parts.map(({ sizeBytes, filler }) => Buffer.alloc(sizeBytes, filler)));
          const ends = parts.map((_, index) =>
            parts.slice(0, index).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
          );
          assert.ok(written(content, [...new Set(ends)], piece).equals(content));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('has it where a run is longer than what is collected at once', () => {
    const content = Buffer.alloc(19 * MIB + 1234);
    for (let at = 0; at < content.length; at += 37) content[at] = at % 253;
    content.fill(0, 9 * MIB, 11 * MIB + 5);
    assert.ok(written(content, [0, 3 * MIB + 17], 1_000_003).equals(content));
    assert.ok(statSync(join(folder, 'file')).blocks * 512 < 18 * MIB, 'zeros take no room');
  });
});
