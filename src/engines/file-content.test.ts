import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { entryOf } from '../../test/fixtures/archive-repository.ts';
import type { Warning } from '../sources/source.ts';
import { openFileContent } from './file-content.ts';

const LARGE_BYTES = 3 * 2 ** 20 + 5;

describe('the content of a file', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'surety-content-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Reads it; `between` is done after the first piece. */
  async function read(path: string, between = () => {}) {
    const warnings: Warning[] = [];
    const opened = await openFileContent(path, entryOf('e'), (warning) => void warnings.push(warning));
    let sizeBytes = 0;
    for await (const chunk of opened?.chunks ?? []) {
      if (sizeBytes === 0) between();
      sizeBytes += chunk.length;
    }
    return { announced: opened?.sizeBytes, sizeBytes, codes: warnings.map(({ code }) => code) };
  }

  function large(): string {
    const path = join(folder, 'large');
    writeFileSync(path, Buffer.alloc(LARGE_BYTES, 'x'));
    return path;
  }

  test('that does not change is as long as announced', async () => {
    assert.deepEqual(await read(large()), { announced: LARGE_BYTES, sizeBytes: LARGE_BYTES, codes: [] });
    writeFileSync(join(folder, 'small'), 'abc');
    assert.deepEqual(await read(join(folder, 'small')), { announced: 3, sizeBytes: 3, codes: [] });
  });

  test('that grows or shrinks while it is read is as long as announced, and warned about', async () => {
    const changed = { announced: LARGE_BYTES, sizeBytes: LARGE_BYTES, codes: ['entry.changed'] };
    const path = large();
    assert.deepEqual(await read(path, () => appendFileSync(path, 'more')), changed);
    const other = large();
    assert.deepEqual(await read(other, () => truncateSync(other, 2 ** 20)), changed);
  });

  test('that is gone, or a link by now, is left out with a warning', async () => {
    symlinkSync('/etc/passwd', join(folder, 'link'));
    for (const name of ['gone', 'link', '.']) {
      const { announced, codes } = await read(join(folder, name));
      assert.deepEqual([announced, codes], [undefined, ['entry.vanished']], name);
    }
  });
});
