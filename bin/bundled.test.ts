import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { BUNDLES, bundledProgram, isBundleWhole, knownFile, RECORD } from './bundled.ts';

const NAMES = ['a.ts', 'b.ts'];
/** A time of writing in the midst of a second. */
const WRITTEN = new Date('2026-05-05T10:00:00.750Z');

describe('a bundle', () => {
  const root = mkdtempSync(join(tmpdir(), 'surety-bundled-'));
  after(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(BUNDLES, '0123456789ab');
  const program = join(root, folder, 'main.mjs');
  const at = (name: string) => join(root, name);

  function write(name: string, text: string, modified = WRITTEN): void {
    writeFileSync(at(name), text);
    utimesSync(at(name), modified, modified);
  }

  function record(modified = WRITTEN): void {
    rmSync(at(BUNDLES), { recursive: true, force: true });
    for (const name of NAMES) write(name, `of ${name}`, modified);
    mkdirSync(join(root, folder), { recursive: true });
    const files = { 'main.mjs': 4, 'part.mjs': 8 };
    for (const [name, sizeBytes] of Object.entries(files))
      writeFileSync(at(`${folder}/${name}`), '.'.repeat(sizeBytes));
    const inputs = NAMES.map((name) => knownFile(root, name));
    writeFileSync(at(RECORD), JSON.stringify({ inputs, folder, entry: 'main.mjs', files }));
    assert.equal(bundledProgram(root), program);
    assert.equal(isBundleWhole(root), true);
  }

  test('is run for what it was made from', () => record());

  for (const [what, change] of [
    ['of another size', () => write('b.ts', 'longer than it was')],
    ['of a later time', () => write('b.ts', 'of b.ts', new Date(WRITTEN.getTime() + 1))],
    ['of an earlier time', () => write('b.ts', 'of b.ts', new Date(WRITTEN.getTime() - 1))],
    ['of another second', () => write('b.ts', 'of b.ts', new Date('2026-05-05T10:00:01Z'))],
    ['that is gone', () => rmSync(at('b.ts'))],
  ] as const) {
    test(`is not run for a file ${what}`, () => {
      record();
      change();
      assert.equal(bundledProgram(root), undefined);
    });
  }

  test('is run in a copy whose files have their times, or whole seconds of them', () => {
    for (const modified of [WRITTEN, new Date('2026-05-05T10:00:00Z')]) {
      record();
      for (const name of NAMES) utimesSync(at(name), modified, modified);
      assert.equal(bundledProgram(root), program);
    }
  });

  test('of files that all have one time is run where they were not touched since, and in no copy', () => {
    const constant = new Date('2026-05-05T10:00:00Z');
    record(constant);
    assert.equal(bundledProgram(root), program);
    write('b.ts', 'of B.ts', constant);
    assert.equal(bundledProgram(root), undefined);
  });

  test('is not run when its first file is damaged or gone, and made anew when another one is', () => {
    for (const damage of [() => writeFileSync(program, ''), () => rmSync(program)]) {
      record();
      damage();
      assert.equal(bundledProgram(root), undefined);
    }
    record();
    writeFileSync(at(`${folder}/part.mjs`), '');
    assert.equal(isBundleWhole(root), false);
  });

  test('with a record that says nothing is none', () => {
    for (const text of ['', '{}', 'null', '[]', '{"inputs":[]}', '{"inputs":[],"files":{},"entry":"main.mjs"}']) {
      record();
      writeFileSync(at(RECORD), text);
      assert.equal(bundledProgram(root), undefined);
    }
    rmSync(at(RECORD));
    assert.equal(bundledProgram(root), undefined);
    assert.equal(isBundleWhole(root), false);
  });
});
