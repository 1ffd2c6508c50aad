import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import { spaceAt } from './free-space.ts';
import { placeMark } from './place-mark.ts';

function markOf(options: string): string {
  const text = `sources: { shop: { type: postgres, database: shop, ${options} } }\nrepositories: { r: { type: restic, store: file:r, password: { env: P } } }\n`;
  const config = parseConfig({ file: '/s/surety.yaml', shownAs: 's', text, mode: 0o600 });
  return placeMark(config.sources[0]!);
}

test('a source that goes somewhere else has another mark; a new password leaves it as it is', () => {
  const mark = markOf('server: one, password: { env: A }');
  assert.match(mark, /^[0-9a-f]{16}$/);
  assert.equal(markOf('server: one, password: { env: B }'), mark);
  assert.equal(markOf('server: one, password: plain'), mark);
  assert.notEqual(markOf('server: two, password: { env: A }'), mark);
});

test('the room of a place that is not there yet is that of the folder above', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-space-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const there = await spaceAt(folder);
  const missing = await spaceAt(join(folder, 'not', 'there'));
  assert.ok(there !== undefined && there.freeBytes > 0);
  assert.equal(missing?.device, there.device);
});
