import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runProgram } from '../../../../test/fixtures/run-program.ts';
import { FILE_CHANGED, FILE_OK, SEGMENT_BYTES } from './messages.ts';
import { openAhead } from './read-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'surety-read-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const paths = Array.from({ length: 100 }, (_, at) => join(folder, `file ${at}`));
for (const [at, path] of paths.entries()) writeFileSync(path, `content ${at}`);
const sizes = paths.map((path) => statSync(path).size);
const seen = (at: number) => ({ sizeBytes: sizes[at]!, mtimeNs: statSync(paths[at]!, { bigint: true }).mtimeNs });

describe('files that are opened ahead', () => {
  test('are read in order, and one that is gone fails by itself', () => {
    const buffer = Buffer.alloc(SEGMENT_BYTES + 1);
    using ahead = openAhead([paths[0]!, join(folder, 'gone'), paths[2]!], [sizes[0]!, 5, sizes[2]!]);
    assert.equal(ahead.readNext(seen(0), buffer).state, FILE_OK);
    assert.throws(() => ahead.readNext(seen(1), buffer), { code: 'ENOENT' });
    const { file, state } = ahead.readNext(seen(2), buffer);
    assert.equal(buffer.toString('utf8', 0, file.sizeBytes), 'content 2');
    assert.notEqual(state, FILE_CHANGED);
  });

  test('are fewer where few files may be open', async () => {
    const module = JSON.stringify(new URL('./read-file.ts', import.meta.url).href);
    const script = `
      import { readdirSync } from 'node:fs';
      import { openAhead } from ${module};
      const paths = ${JSON.stringify(paths)};
      const buffer = Buffer.alloc(1000);
      using ahead = openAhead(paths, ${JSON.stringify(sizes)});
      for (const [at, path] of paths.entries()) {
        const { file } = ahead.readNext({ sizeBytes: ${JSON.stringify(sizes)}[at], mtimeNs: 0n }, buffer);
        if (buffer.toString('utf8', 0, file.sizeBytes) !== 'content ' + at) throw new Error(path);
      }
      process.stdout.write('all read');`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    const { stdout, stderr } = await runProgram(['sh', '-c', 'ulimit -n 44 && exec "$@"', 'sh', ...node], {});
    assert.equal(stdout, 'all read', stderr);
  });
});
