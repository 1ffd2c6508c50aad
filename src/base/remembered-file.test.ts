import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { rememberedFile } from './remembered-file.ts';

describe('what is remembered of a place', () => {
  test('is there the next time, for this place only and for the owner only', (t) => {
    const folder = join(scratch(t), 'made', 'when needed');
    const near = rememberedFile(folder, 's3://near/prefix');
    assert.equal(near.read(), undefined);
    assert.equal(near.write('{"a":1}'), true);
    assert.equal(near.write('{"a":2}'), true);
    assert.equal(rememberedFile(folder, 's3://near/prefix').read()?.toString(), '{"a":2}');
    assert.equal(rememberedFile(folder, 's3://far/prefix').read(), undefined);
    const [name = ''] = readdirSync(folder);
    assert.equal(statSync(folder).mode & 0o077, 0);
    assert.equal(statSync(join(folder, name)).mode & 0o077, 0);
  });

  test('is neither read nor written where others may write, nor through a link', (t) => {
    const folder = join(scratch(t), 'own');
    rememberedFile(folder, 'here').write('{}');
    chmodSync(folder, 0o777);
    assert.equal(rememberedFile(folder, 'here').read(), undefined);
    assert.equal(rememberedFile(folder, 'here').write('{}'), false);
    chmodSync(folder, 0o700);
    const link = join(scratch(t), 'link');
    symlinkSync(folder, link);
    assert.equal(rememberedFile(link, 'here').read(), undefined);
    assert.equal(rememberedFile(link, 'here').write('{}'), false);
  });

  test('is not looked for in what is no file, or has no end', (t) => {
    const folder = join(scratch(t), 'own');
    const remembered = rememberedFile(folder, 'here');
    remembered.write('{}');
    const file = join(folder, readdirSync(folder)[0] ?? '');
    for (const [program, ...args] of [
      ['mkfifo', file],
      ['ln', '-s', '/dev/zero', file],
      ['mkdir', file],
      ['truncate', '-s', '3G', file],
    ] as const) {
      rmSync(file, { recursive: true });
      execFileSync(program, args);
      assert.equal(remembered.read(), undefined, program);
    }
  });

  test('that can not be kept is told, and nothing else happens', () => {
    assert.equal(rememberedFile('/proc/1/none', 'here').write('{}'), false);
    assert.equal(rememberedFile('/proc/1/none', 'here').read(), undefined);
  });
});

function scratch(t: { after(clean: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'surety-remembered-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
